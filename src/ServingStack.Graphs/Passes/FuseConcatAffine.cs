namespace ServingStack.Graphs.Passes;

/// <summary>
/// A factor and an addend a channel on a concatenation along the channels: <c>FusedAffine</c> and <c>QAffine</c> read the parts where they
/// lie, those of concatenations of concatenations too. In a densely connected network nothing else reads most of the concatenations, and they
/// go.
/// </summary>
public sealed class FuseConcatAffine : IPass
{
    public string Name => nameof(FuseConcatAffine);

    public bool Apply(Graph graph)
    {
        var changed = false;
        foreach (var node in graph.Nodes.Where(IsAffine).ToArray())
            if (node.Inputs.Count == 3 && PartsOf(node.Inputs[0]!).ToArray() is { Length: > 1 } parts)
            {
                node.SetInput(0, parts[0]);
                foreach (var part in parts[1..]) node.AddInput(part);
                changed = true;
            }
        return changed && (new EliminateDeadNodes().Apply(graph) || changed);
    }

    private static bool IsAffine(Node node) =>
        node is { OpType: "FusedAffine", Domain: Domains.Fused } or { OpType: "QAffine", Domain: Domains.Quantized };

    private static IEnumerable<Value> PartsOf(Value value) =>
        value.Producer is { OpType: "Concat", Domain: "" } concat && concat.Attributes.Int("axis", 0) == 1
            && concat.Inputs.All(part => part is { IsConstant: false })
            ? concat.Inputs.SelectMany(part => PartsOf(part!))
            : [value];
}
