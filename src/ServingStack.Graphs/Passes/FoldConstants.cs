using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Passes;

/// <summary>
/// Replaces what follows from constants and known shapes by constants, in subgraphs too. Results that would make the model much larger
/// are left to be computed; constants that are stored quantized stay so.
/// </summary>
public sealed class FoldConstants : IPass
{
    /// <summary>Larger results than this (in elements) must be no larger than what they are made from.</summary>
    private static readonly FoldLimit Limit = new(1 << 22, AsLargeAsInputs: true);

    private static readonly Dictionary<string, long> NoSymbols = [];

    public string Name => nameof(FoldConstants);

    public bool Apply(Graph graph)
    {
        var changed = Fold(graph, ShapeInference.Infer(graph, NoSymbols, Limit));
        return new EliminateDeadNodes().Apply(graph) || changed;
    }

    private static bool Fold(Graph graph, InferredGraph facts)
    {
        var changed = false;
        foreach (var node in graph.Nodes.ToArray())
        {
            foreach (var subgraph in node.Subgraphs) changed |= Fold(subgraph, facts);
            if (node.Outputs is not [var output] || facts.Of(output).Data is not { } data) continue;
            graph.Remove(node);
            (output.Constant, output.ElementType, output.Shape) = (data, data.ElementType, data.Shape);
            changed = true;
        }
        return changed;
    }
}
