using ServingStack.Graphs.Onnx;
using ServingStack.Graphs.Passes;
using ServingStack.Graphs.Tests.Support;
using ServingStack.Tests.Shared;

namespace ServingStack.Graphs.Tests.Passes;

public class PipelineTests
{
    private static readonly PipelineOptions Checked = new() { CheckInvariants = true };

    [Theory]
    [InlineData("FoldBatchNormalization", "Conv, Relu")]
    [InlineData("EliminateIdentities", "Conv, BatchNormalization, Relu")]
    [InlineData(null, "FusedConv")]
    public void Run_StopAfter_LeavesTheRestUndone(string? last, string expected)
    {
        var graph = Block();
        Pipeline.Run(graph, Checked with { StopAfter = last });
        Assert.Equal(expected, string.Join(", ", graph.Nodes.Select(n => n.OpType)));
    }

    [Fact]
    public void Run_DisabledPass_IsLeftOut()
    {
        var graph = Block();
        Pipeline.Run(graph, Checked with { DisabledPasses = new HashSet<string> { "FoldBatchNormalization", "EliminateIdentities" } });
        Assert.Equal("Conv, Identity, BatchNormalization, Relu", string.Join(", ", graph.Nodes.Select(n => n.OpType)));
    }

    [Fact]
    public void Portable_PassNames_AreTheirTypes() => Assert.All(Pipeline.Portable, p => Assert.Equal(p.GetType().Name, p.Name));

    [Fact]
    public void Exportable_Passes_LeaveStandardOperators()
    {
        var graph = Block();
        Pipeline.Run(graph, Checked, Pipeline.Exportable);
        Assert.All(graph.Nodes, n => Assert.Equal("", n.Domain));
        PassAssert.ComputesTheSame(Block(), graph, tolerance: 1e-5);
    }

    [Fact]
    public void GraphInvariants_NodeBeforeItsProducer_IsFound()
    {
        var graph = new Graph();
        var (x, y, z) = (graph.AddInput("x", ElementType.Float32, Shape.Of(1)), new Value("y"), new Value("z"));
        graph.Add(new Node("Relu", [y], [z]));
        graph.Add(new Node("Relu", [x], [y]));
        graph.Outputs.Add(z);
        Assert.Contains("before it is produced", Assert.Throws<InvalidOperationException>(() => GraphInvariants.Check(graph)).Message);
    }

    /// <summary>Which operators are left of the real networks; every other one has gone into these.</summary>
    [DataTheory]
    [InlineData("cifar10-models/resnet20_cifar10.onnx", "FusedConv 19, Gemm 1, GlobalAveragePool 1, Pad 2, Reshape 1, Slice 4")]
    [InlineData("imagenet/squeezenet1.1.onnx", "Concat 8, Flatten 1, FusedConv 26, GlobalAveragePool 1, MaxPool 3")]
    [InlineData("imagenet/mobilenet_v1_0.25_224.onnx", "Conv 1, Flatten 1, FusedConv 27, GlobalAveragePool 1")]
    [InlineData("imagenet/mobilenet_v2_1.0_int8_qdq.onnx", "DequantizeLinear 1, Flatten 1, QConv 52, QGemm 1, QGlobalAveragePool 1, QuantizeLinear 1")]
    [InlineData("recommender-models/ncf_mlp_64-32-16-8_ml1m.onnx", "Concat 1, FusedGemm 3, Gather 2, Gemm 1, Sigmoid 1")]
    public void Run_RealNetwork_LeavesTheseOperators(string file, string expected)
    {
        var graph = OnnxReader.Load(TestData.Path(file));
        Pipeline.Run(graph, Checked);
        Assert.Equal(expected, string.Join(", ", graph.Nodes.GroupBy(n => n.OpType).OrderBy(g =>
            g.Key, StringComparer.Ordinal).Select(g => $"{g.Key} {g.Count()}")));
        Assert.All(graph.Nodes.SelectMany(n => n.Outputs), o => Assert.DoesNotContain(Dimension.Unknown, o.Shape!));
    }

    [DataTheory]
    [InlineData("cifar10-models/resnet20_cifar10.onnx")]
    [InlineData("imagenet/squeezenet1.1.onnx")]
    [InlineData("imagenet/mobilenet_v1_0.25_224.onnx")]
    [InlineData("recommender-models/ncf_mlp_64-32-16-8_ml1m.onnx")]
    [InlineData("recommender-models/ncf_gmf8_ml1m.onnx")]
    [InlineData("sequence-models/date_seq2seq_encoder.onnx")]
    [InlineData("sequence-models/date_seq2seq_decoder.onnx")]
    public void Run_RealNetwork_ComputesTheSame(string file)
    {
        var (before, after) = (OnnxReader.Load(TestData.Path(file)), OnnxReader.Load(TestData.Path(file)));
        Pipeline.Run(after, Checked);
        PassAssert.ComputesTheSame(before, after, tolerance: 2e-4);
    }

    /// <summary>
    /// Integer steps add up over 52 layers, and the residual is rounded once less: close in the mean, and the same answer.
    /// </summary>
    [DataFact]
    public void Run_Int8Network_GivesTheSameAnswer()
    {
        var path = TestData.Path("imagenet/mobilenet_v2_1.0_int8_qdq.onnx");
        var (before, after) = (OnnxReader.Load(path), OnnxReader.Load(path));
        Pipeline.Run(after, Checked);
        var inputs = RandomTensors.ForInputs(before, seed: 5, batch: 1);
        var expected = OrtRunner.Run(before, inputs)[0].As<float>().ToArray();
        var actual = OrtRunner.Run(StandardForm.Of(after), inputs)[0].As<float>().ToArray();
        Assert.Equal(Array.IndexOf(expected, expected.Max()), Array.IndexOf(actual, actual.Max()));
        var step = 0.15309934f;
        Assert.InRange(expected.Zip(actual, (a, b) => Math.Abs(a - b)).Average(), 0, 2 * step);
    }

    private static Graph Block()
    {
        var b = new GraphBuilder();
        var x = b.Op("Identity", b.Op("Conv", b.Input("x", "N", 4, 5, 5), b.Weights(6, 4, 3, 3)));
        return b.Output(b.Op("Relu", b.Op("BatchNormalization", x, b.Weights(6), b.Weights(6), b.Weights(6), b.Positive(6))));
    }
}
