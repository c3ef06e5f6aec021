namespace ServingStack.Graphs.Passes;

/// <summary>
/// A QAdd of a QConv's output becomes the QConv's residual. The sum is then rounded once instead of twice, and the intermediate no longer
/// saturates: the result is nearer to the float network's, and within one step of the unfused one as long as a step of the intermediate is
/// at most one of the result.
/// </summary>
public sealed class FuseQuantizedResidual : IPass
{
    public string Name => nameof(FuseQuantizedResidual);

    public bool Apply(Graph graph)
    {
        var changed = false;
        foreach (var add in graph.Nodes.Where(n => n is { OpType: "QAdd", Domain: Domains.Quantized }).ToArray())
            changed |= Fuse(graph, add);
        return changed;
    }

    /// <summary>Of two candidates the later one is taken; the other may then still run at the same time as what is between.</summary>
    private static bool Fuse(Graph graph, Node add)
    {
        var hosts = new[] { (Input: 0, Scale: "a"), (Input: 1, Scale: "b") }
            .Where(h => IsHost(graph, add, h.Input, add.Attributes.Float(h.Scale + "_scale", 1)))
            .OrderByDescending(h => graph.IndexOf(add.Inputs[h.Input]!.Producer!)).ToArray();
        if (hosts.Length == 0) return false;
        var layer = add.Inputs[hosts[0].Input]!.Producer!;
        var other = hosts[0].Scale == "a" ? "b" : "a";
        Rewrite(graph, add, layer, add.Inputs[1 - hosts[0].Input]!, other);
        return true;
    }

    private static bool IsHost(Graph graph, Node add, int input, float scale) =>
        add.Inputs[0] != add.Inputs[1]
        && add.Inputs[input]!.Producer is { OpType: "QConv", Domain: Domains.Quantized } layer
            && GraphEdits.OnlyConsumer(graph, add.Inputs[input]!) == add
        && layer.Input(3) is null && !layer.Attributes.Contains("clamp_min") && !layer.Attributes.Contains("clamp_max")
        && scale <= add.Attributes.Float("y_scale", 1);

    private static void Rewrite(Graph graph, Node add, Node layer, Value residual, string residualPrefix)
    {
        var attributes = GraphEdits.CopyAttributes(layer);
        foreach (var name in (string[])["y_scale", "y_zero_point", "clamp_min", "clamp_max"])
            if (add.Attributes.Contains(name)) attributes[name] = add.Attributes[name];
        attributes["r_scale"] = add.Attributes[residualPrefix + "_scale"];
        attributes["r_zero_point"] = add.Attributes[residualPrefix + "_zero_point"];
        var fused = new Node("QConv", [layer.Inputs[0], layer.Inputs[1], layer.Input(2), residual], [add.Outputs[0]], layer.Name,
            Domains.Quantized)
        { Attributes = attributes };
        graph.InsertBefore(add, fused);
        graph.Remove(add);
        graph.Remove(layer);
    }
}
