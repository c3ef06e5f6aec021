using ServingStack.Graphs;
using ServingStack.Tests.Shared;
using ServingStack.Training.Modules;
using ServingStack.Zoo;
using TorchSharp;
using GraphTensor = ServingStack.Graphs.Tensor;

namespace ServingStack.Training.Tests.Modules;

public sealed class GraphModuleTests
{
    [TorchFact]
    public void Parameters_OfAResidualNetwork_AreWeightsAndNotStatistics()
    {
        var graph = ResidualNetwork.Create(new() { Width = 4, Stages = 1, BlocksPerStage = 1, Classes = 3 }, seed: 1);
        using var module = new GraphModule(graph, graph.Outputs[0]);

        string[] expected =
        [
            "stem/weight", "stem/scale", "stem/shift", "stage1/block1/conv1/weight", "stage1/block1/conv1/scale",
                "stage1/block1/conv1/shift",
            "stage1/block1/conv2/weight", "stage1/block1/conv2/scale", "stage1/block1/conv2/shift", "classifier/weight", "classifier/bias",
        ];
        Assert.Equal(expected, module.named_parameters().Select(p => p.name));
        Assert.Equal(6, module.named_buffers().Count());
    }

    [TorchFact]
    public void WriteBack_AfterAChange_PutsItIntoTheGraph()
    {
        var graph = new Graph();
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(1, 2));
        graph.Outputs.Add(graph.Add("MatMul", x, graph.AddConstant(GraphTensor.From([1f, 2, 3, 4], 2, 2), "w")));
        using var module = new GraphModule(graph, graph.Outputs[0]);

        using (torch.no_grad()) module.parameters().Single().mul_(10);
        module.WriteBack();

        Assert.Equal([10, 20, 30, 40], graph.Nodes[0].Inputs[1]!.Constant!.As<float>().ToArray());
    }

    [TorchTheory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(1, 2)]
    public void Forward_DecomposedConvolution_IsTheSameWithTheSameGradientsAsItsThreeStages(int stride, int dilation)
    {
        var graph = Decomposed(stride, dilation);
        var apart = Decomposed(stride, dilation);
        // A second reader keeps the stages apart.
        foreach (var node in apart.Nodes.ToArray()[..2]) apart.Add("Identity", node.Outputs[0]);
        using var composed = new GraphModule(graph, graph.Outputs[0]);
        using var staged = new GraphModule(apart, apart.Outputs[0]);
        using var scope = torch.NewDisposeScope();
        var x = torch.randn(2, 6, 9, 8);

        var (y, z) = (composed.forward([x]), staged.forward([x]));
        (y * y).sum().backward();
        (z * z).sum().backward();

        Assert.True(torch.allclose(y, z, 1e-4, 1e-4));
        foreach (var (a, b) in composed.parameters().Zip(staged.parameters()))
            Assert.True(torch.allclose(a.grad!, b.grad!, 1e-3, 1e-3), $"{(a.grad! - b.grad!).abs().max().item<float>()}");
    }

    private static Graph Decomposed(int stride, int dilation)
    {
        var random = new Random(3);
        var graph = new Graph("chain");
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(2, 6, 9, 8));
        x = graph.Add("Conv", x, Weights(3, 6, 1, 1));
        x = graph.Add("Conv", new AttributeMap
        {
            { "pads", new long[] { 1, 1, 1, 1 } }, { "strides", new long[] { stride, stride } }, { "dilations", new long[] { dilation, 1 } },
        }, x, Weights(4, 3, 3, 3));
        graph.Outputs.Add(graph.Add("Conv", x, Weights(7, 4, 1, 1), Weights(7)));
        ShapeInference.Run(graph);
        return graph;

        Value Weights(params long[] shape) => graph.AddConstant(GraphTensor.From<float>(
            [.. Enumerable.Range(0, (int)shape.Aggregate(1L, (a, b) => a * b)).Select(_ => (float)random.NextDouble() - 0.5f)], shape));
    }

    [TorchFact]
    public void Constructor_UnknownOperator_NamesNodeAndTheKnownOnes()
    {
        var graph = new Graph();
        graph.Outputs.Add(graph.Add("Erf", graph.AddInput("x", ElementType.Float32, Shape.Of(1))));

        var error = Assert.Throws<NotSupportedException>(() => new GraphModule(graph, graph.Outputs[0]));

        Assert.Contains("Erf 'erf_0' cannot be trained through", error.Message, StringComparison.Ordinal);
        Assert.Contains("Conv", error.Message, StringComparison.Ordinal);
    }
}
