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
