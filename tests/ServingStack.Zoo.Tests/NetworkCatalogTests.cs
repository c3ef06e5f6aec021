using System.IO.Compression;
using ServingStack.Graphs;
using ServingStack.Graphs.Onnx;
using ServingStack.Graphs.Passes;
using ServingStack.Tests.Shared;

namespace ServingStack.Zoo.Tests;

public sealed class NetworkCatalogTests
{
    // Parameters as torchvision and Caffe's model zoo have them (running statistics are none); the millions of multiply-adds of one image
    // are those of Kim et al. 2016, table 1, where it has the network.
    [Theory]
    [InlineData("resnet50", 25_557_032, null)]
    [InlineData("vgg16", 138_357_544, 15_484)]
    [InlineData("googlenet", 6_998_552, 1_566)]
    [InlineData("inception_v3", 23_834_568, null)]
    [InlineData("densenet121", 7_978_856, null)]
    [InlineData("mobilenet_v2", 3_504_872, null)]
    [InlineData("alexnet", 60_965_224, 725)]
    [InlineData("vggs", 102_908_520, 2_640)]
    public void Create_Network_HasItsPublishedSize(string name, long parameters, int? millions)
    {
        var graph = NetworkCatalog.Find(name).Create(1);
        ShapeInference.Run(graph);

        Assert.Equal(parameters, Trained(graph));
        if (millions is { } expected) Assert.InRange(MultiplyAdds(graph) / 1e6, expected * 0.98, expected * 1.02);
        Assert.Equal("[batch, 1000]", Assert.Single(graph.Outputs).Shape!.ToString());
    }

    // Kim et al. 2016, table 1; but AlexNet's 165.8 million are the sum of its own layers (table 2), where the total of table 1, 272 million,
    // is that sum and the undecomposed first layer once more. Ranks of the other networks are ours, to meet the total.
    [Theory]
    [InlineData("alexnet_tucker", 10.7, 165.8)]
    [InlineData("vggs_tucker", 14, 549)]
    [InlineData("googlenet_tucker", 4.3, 760)]
    [InlineData("vgg16_tucker", 127, 3139)]
    public void Create_DecomposedNetwork_HasTheMultiplyAddsOfThePaper(string name, double millionParameters, double millions)
    {
        var graph = NetworkCatalog.Find(name).Create(1);
        ShapeInference.Run(graph);

        Assert.InRange(Trained(graph) / 1e6, millionParameters * 0.98, millionParameters * 1.02);
        Assert.InRange(MultiplyAdds(graph) / 1e6, millions * 0.98, millions * 1.02);
        Assert.Equal("[batch, 1000]", Assert.Single(graph.Outputs).Shape!.ToString());
    }

    [Fact]
    public void Create_ShuffleNetWithThreeGroups_HasItsPublishedSize()
    {
        var graph = NetworkCatalog.Find("shufflenet_g3").Create(1);
        ShapeInference.Run(graph);

        // Zhang et al. 2018, table 1: 137 million multiply-adds.
        Assert.InRange(MultiplyAdds(graph) / 1e6, 130, 142);
        Assert.InRange(Trained(graph), 1_800_000, 1_950_000);
    }

    /// <summary>The layers of ONNX's own files, in any order: the extents of their weights, their groups and strides.</summary>
    [DataTheory]
    [InlineData("resnet50", "resnet50")]
    [InlineData("googlenet", "inception_v1")]
    [InlineData("densenet121", "densenet121")]
    [InlineData("shufflenet", "shufflenet")]
    [InlineData("alexnet", "bvlc_alexnet")]
    public void Create_Network_HasTheLayersOfOnnxsOwn(string name, string file)
    {
        using var zip = ZipFile.OpenRead(TestData.Path("onnx-backend", "light.zip"));
        using var bytes = new MemoryStream();
        using (var stream = zip.GetEntry($"light_{file}.onnx")!.Open()) stream.CopyTo(bytes);

        Assert.Equal(Layers(OnnxReader.Load(bytes.ToArray(), file)), Layers(NetworkCatalog.Find(name).Create(1)));
    }

    [Fact]
    public void Create_SameSeed_GivesTheSameWeights()
    {
        var weights = new[] { 3, 3, 4 }.Select(seed => NetworkCatalog.Find("shufflenet").Create(seed).Nodes[0].Inputs[1]!.Constant!
            .As<float>().ToArray()).ToArray();

        Assert.Equal(weights[0], weights[1]);
        Assert.NotEqual(weights[0], weights[2]);
    }

    [Fact]
    public void Find_Unknown_NamesWhatThereIs()
    {
        var error = Assert.Throws<ArgumentException>(() => NetworkCatalog.Find("lenet"));

        Assert.Contains("lenet", error.Message);
        Assert.Contains("resnet50", error.Message);
    }

    private static long Trained(Graph graph) => graph.Nodes.Sum(node => node.Inputs
        .Take(node.OpType == "BatchNormalization" ? 3 : node.Inputs.Count)
        .Where(v => node.OpType != "Clip" && v?.Constant?.ElementType == ElementType.Float32).Sum(v => v!.Constant!.ElementCount));

    private static double MultiplyAdds(Graph graph) => graph.Nodes.Where(node => node.OpType is "Conv" or "Gemm").Sum(node =>
        (double)node.Inputs[1]!.Constant!.ElementCount * node.Outputs[0].Shape!.Skip(2).Aggregate(1.0, (product, d) => product * d.Value));

    private static string[] Layers(Graph graph)
    {
        Pipeline.Run(graph, passes: Pipeline.Exportable);
        return [.. graph.Nodes.Where(node => node.OpType is "Conv" or "Gemm").Select(LayerOf).Order(StringComparer.Ordinal)];
    }

    // A fully connected layer is a 1x1 convolution to some.
    private static string LayerOf(Node node)
    {
        var extents = node.Inputs[1]!.Shape!.Select(d => d.Value).Concat([1, 1]).Take(4);
        var strides = node.Attributes.Ints("strides") ?? [1, 1];
        return $"{string.Join("x", extents)} groups {node.Attributes.Int("group", 1)} strides {string.Join("x", strides)}";
    }
}
