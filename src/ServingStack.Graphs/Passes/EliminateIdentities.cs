namespace ServingStack.Graphs.Passes;

/// <summary>Takes out nodes that pass their input on unchanged: by their operator, by constants, or because the shape stays.</summary>
public sealed class EliminateIdentities : IPass
{
    /// <summary>Says for each operator when output 0 equals input 0.</summary>
    private static readonly Dictionary<string, Func<Node, bool>> Rules = new(StringComparer.Ordinal)
    {
        ["Identity"] = _ => true,
        ["Dropout"] = n => (n.Input(2) is not { } training || training.Constant is { ElementType: ElementType.Bool } t
            && t.Bytes.Span[0] == 0) && OthersUnused(n),
        ["Cast"] = n => n.Inputs[0]!.ElementType != ElementType.Undefined && (long)n.Inputs[0]!.ElementType == n.Attributes.Int("to", 0),
        ["Concat"] = n => n.Inputs.Count == 1,
        ["Expand"] = KeepsShape,
        ["Flatten"] = KeepsShape,
        ["Max"] = n => n.Inputs.Count == 1,
        ["Mean"] = n => n.Inputs.Count == 1,
        ["Min"] = n => n.Inputs.Count == 1,
        ["Pad"] = n => n.Input(1)?.Constant is { } pads && pads.ToInt64s().All(p => p == 0),
        ["Reshape"] = KeepsShape,
        ["Slice"] = n => KeepsShape(n) && (n.Input(4) is not { } steps || steps.Constant?.ToInt64s().All(s => s == 1) == true),
        ["Squeeze"] = KeepsShape,
        ["Sum"] = n => n.Inputs.Count == 1,
        ["Tile"] = n => n.Input(1)?.Constant is { } repeats && repeats.ToInt64s().All(r => r == 1),
        ["Transpose"] = n => n.Attributes.Ints("perm") is { } perm && perm.Select((p, i) => p == i).All(same => same),
    };

    public string Name => nameof(EliminateIdentities);

    public bool Apply(Graph graph)
    {
        var changed = false;
        foreach (var node in graph.Nodes.ToArray())
        {
            foreach (var subgraph in node.Subgraphs) changed |= Apply(subgraph);
            if (node.Domain.Length > 0) continue;
            changed |= ComposeTransposes(graph, node);
            if (Rules.TryGetValue(node.OpType, out var isIdentity) && isIdentity(node))
                changed |= GraphEdits.Bypass(graph, node, node.Inputs[0]!);
        }
        return changed;
    }

    private static bool OthersUnused(Node node) => node.Outputs.Skip(1).All(o => o.Consumers.Count == 0 && o.Name.Length == 0);

    /// <summary>
    /// Equal extents; one that is unknown on both sides follows from the equal number of elements, except for Expand and Slice.
    /// </summary>
    private static bool KeepsShape(Node node)
    {
        if (node.Inputs[0]!.Shape is not { } before || node.Outputs[0].Shape is not { } after || !before.Equals(after)) return false;
        var unknown = before.Count(d => !d.IsFixed && d.Symbol is null);
        return unknown == 0 || (unknown == 1 && node.OpType is "Reshape" or "Flatten" && before.All(d => d != 0));
    }

    /// <summary>Two transposes become one, which is an identity when the second undoes the first.</summary>
    private static bool ComposeTransposes(Graph graph, Node node)
    {
        if (node.OpType != "Transpose" || node.Inputs[0]!.Producer is not { OpType: "Transpose", Domain: "" } first
            || node.Attributes.Ints("perm") is not { } outer || first.Attributes.Ints("perm") is not { } inner) return false;
        node.Attributes["perm"] = outer.Select(p => inner[p]).ToArray();
        node.SetInput(0, first.Inputs[0]);
        if (GraphEdits.IsUnused(graph, first) && graph.IndexOf(first) >= 0) graph.Remove(first);
        return true;
    }
}
