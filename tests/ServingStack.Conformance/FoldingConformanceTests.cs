using ServingStack.Graphs;
using ServingStack.Graphs.Onnx;
using ServingStack.Graphs.Passes;
using ServingStack.Tests.Shared;
using Xunit.Abstractions;

namespace ServingStack.Conformance;

/// <summary>With its inputs as constants, each backend case whose operator has an evaluator folds to the expected outputs.</summary>
public class FoldingConformanceTests(ITestOutputHelper log)
{
    [DataFact]
    public void BackendCases_WithConstantInputs_FoldToExpectedOutputs()
    {
        var folded = 0;
        var wrong = new List<string>();
        foreach (var test in BackendCase.ReadAll("node.zip"))
        {
            if (Fold(test) is not { } graph) continue;
            for (var i = 0; i < graph.Outputs.Count; i++)
                if (graph.Outputs[i].Constant is { } actual)
                {
                    folded++;
                    if (GraphComparison.Difference(TensorFile.Read(test.Outputs[i]), actual, relative: 1e-6) is { } difference)
                        wrong.Add($"{test.Name}: {difference}");
                }
        }
        log.WriteLine($"{folded} outputs folded.");
        Assert.Empty(wrong);
        Assert.True(folded >= 400, $"only {folded} outputs folded");
    }

    /// <summary>Null for cases that do not load, or take what is no tensor.</summary>
    private static Graph? Fold(BackendCase test)
    {
        if (KnownShapeFailures.In("node.zip").Contains(test.Name)) return null;
        var graph = OnnxReader.Load(test.Model, test.Name);
        if (graph.Inputs.Concat(graph.Outputs).Any(v => v.ContainerType is not null) || graph.Inputs.Count > test.Inputs.Count) return null;
        for (var i = 0; i < graph.Inputs.Count; i++)
        {
            var tensor = TensorFile.Read(test.Inputs[i], test.Name);
            (graph.Inputs[i].Constant, graph.Inputs[i].ElementType, graph.Inputs[i].Shape) = (tensor, tensor.ElementType, tensor.Shape);
        }
        graph.Inputs.Clear();
        new FoldConstants().Apply(graph);
        return graph;
    }
}
