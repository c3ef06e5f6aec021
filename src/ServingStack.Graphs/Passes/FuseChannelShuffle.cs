namespace ServingStack.Graphs.Passes;

/// <summary>
/// Channels split into [groups, channels / groups], transposed and joined again (Zhang et al. 2018): one <c>ChannelShuffle</c> of
/// <see cref="Domains.Fused"/>, which needs no other order of pixels than its input's.
/// </summary>
public sealed class FuseChannelShuffle : IPass
{
    public string Name => nameof(FuseChannelShuffle);

    public bool Apply(Graph graph)
    {
        var changed = false;
        foreach (var join in graph.Nodes.Where(n => n is { OpType: "Reshape", Domain: "" }).ToArray()) changed |= Fuse(graph, join);
        return changed;
    }

    private static bool Fuse(Graph graph, Node join)
    {
        if (join.Inputs[0]?.Producer is not { OpType: "Transpose", Domain: "" } transpose || !SwapsAxes1And2(transpose)
            || transpose.Inputs[0]?.Producer is not { OpType: "Reshape", Domain: "" } split
            || GraphEdits.OnlyConsumer(graph, transpose.Outputs[0]) != join
            || GraphEdits.OnlyConsumer(graph, split.Outputs[0]) != transpose) return false;
        if (Groups(split.Inputs[0]!.Shape, split.Outputs[0].Shape, join.Outputs[0].Shape) is not { } groups) return false;
        var output = join.Outputs[0];
        graph.InsertBefore(join, new Node("ChannelShuffle", [split.Inputs[0]], [output], join.Name, Domains.Fused)
        {
            Attributes = new() { { "groups", groups } },
        });
        foreach (var node in (Node[])[join, transpose, split]) graph.Remove(node);
        return true;
    }

    private static bool SwapsAxes1And2(Node transpose) =>
        transpose.Attributes.Ints("perm") is { Length: > 3 } axes
        && axes.Select((axis, i) => axis == (i switch { 1 => 2, 2 => 1, _ => i })).All(same => same);

    /// <summary>[N, C, pixels] to [N, groups, C / groups, pixels] and back; an open N is equal as all other extents are.</summary>
    private static long? Groups(Shape? before, Shape? between, Shape? after)
    {
        if (before is not { Rank: > 2 } || between?.Rank != before.Rank + 1 || after?.Rank != before.Rank) return null;
        if (before.Skip(1).Concat(between.Skip(1)).Concat(after.Skip(1)).Any(d => !d.IsFixed)) return null;
        var same = before.Skip(1).SequenceEqual(after.Skip(1)) && before.Skip(2).SequenceEqual(between.Skip(3));
        return same && between[1].Value * between[2].Value == before[1].Value ? between[1].Value : null;
    }
}
