using ServingStack.Graphs;
using ServingStack.Graphs.Inference;
using ServingStack.Graphs.Onnx;

namespace ServingStack.Conformance;

/// <summary>Compares what inference says of a case's outputs with the expected tensors.</summary>
internal static class ShapeVerdict
{
    /// <summary>The disagreement, or null; and whether every extent and type of every output was known.</summary>
    public static (string? Error, bool IsExact) Of(BackendCase test)
    {
        try
        {
            var graph = OnnxReader.Load(test.Model, test.Name);
            ForgetOutputs(graph);
            var inferred = ShapeInference.Infer(graph);
            var exact = true;
            for (var i = 0; i < graph.Outputs.Count && i < test.Outputs.Count; i++)
            {
                if (graph.Outputs[i].ContainerType is not null) continue;
                var expected = TensorFile.Read(test.Outputs[i], $"{test.Name} output {i}");
                var facts = inferred.Of(graph.Outputs[i]);
                if (!Agree(facts, expected))
                    return ($"output {i} is {expected.ElementType}{expected.Shape}, inferred {facts.ElementType}{facts.Shape}", false);
                exact &= facts.ElementType == expected.ElementType && facts.Shape is { IsFixed: true };
            }
            return (null, exact);
        }
        catch (GraphLoadException e)
        {
            return (e.Message, false);
        }
    }

    /// <summary>The rules must find the outputs, not copy what the file declares.</summary>
    private static void ForgetOutputs(Graph graph)
    {
        foreach (var output in graph.Outputs)
            if (output.Producer is not null) (output.ElementType, output.Shape) = (ElementType.Undefined, null);
    }

    private static bool Agree(ValueFacts facts, Tensor expected) =>
        (facts.ElementType == expected.ElementType || facts.ElementType == ElementType.Undefined)
        && (facts.Shape is null || (facts.Shape.Rank == expected.Rank
            && facts.Shape.Zip(expected.Dimensions).All(p => !p.First.IsFixed || p.First.Value == p.Second)));
}
