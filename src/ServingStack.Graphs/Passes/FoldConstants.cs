using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Passes;

/// <summary>
/// Replaces what follows from constants and known shapes by constants, in subgraphs too. Results that would make the model much larger
/// are left to be computed; constants that are stored quantized stay so.
/// </summary>
public sealed class FoldConstants : IPass
{
    /// <summary>Elements of the largest result that is evaluated.</summary>
    private const long MaxElements = 1 << 26;

    /// <summary>A result beyond this many bytes must be no larger than what it is made from.</summary>
    private const long FreeBytes = 1 << 20;

    private static readonly Dictionary<string, long> NoSymbols = [];

    public string Name => nameof(FoldConstants);

    public bool Apply(Graph graph)
    {
        var changed = Fold(graph, ShapeInference.Infer(graph, NoSymbols, MaxElements));
        return new EliminateDeadNodes().Apply(graph) || changed;
    }

    private static bool Fold(Graph graph, InferredGraph facts)
    {
        var changed = false;
        foreach (var node in graph.Nodes.ToArray())
        {
            foreach (var subgraph in node.Subgraphs) changed |= Fold(subgraph, facts);
            if (node.Outputs is not [var output] || facts.Of(output).Data is not { } data || !IsWorthIt(node, data)) continue;
            graph.Remove(node);
            (output.Constant, output.ElementType, output.Shape) = (data, data.ElementType, data.Shape);
            changed = true;
        }
        return changed;
    }

    private static bool IsWorthIt(Node node, Tensor result) =>
        result.Bytes.Length <= FreeBytes || result.Bytes.Length <= node.Inputs.Sum(i => (long)(i?.Constant?.Bytes.Length ?? 0));
}
