namespace ServingStack.Graphs.Passes;

/// <summary>
/// A QAdd of a QConv's output becomes the QConv's residual. The QConv keeps the scale and zero point of what it wrote before: it rounds and
/// saturates to them in its registers and then adds, so that the result stays what the file says.
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
        var hosts = new[] { (Input: 0, Scale: "a"), (Input: 1, Scale: "b") }.Where(h => IsHost(graph, add, h.Input))
            .OrderByDescending(h => graph.IndexOf(add.Inputs[h.Input]!.Producer!)).ToArray();
        if (hosts.Length == 0) return false;
        var layer = add.Inputs[hosts[0].Input]!.Producer!;
        var other = hosts[0].Scale == "a" ? "b" : "a";
        Rewrite(graph, add, layer, add.Inputs[1 - hosts[0].Input]!, other);
        return true;
    }

    private static bool IsHost(Graph graph, Node add, int input) =>
        add.Inputs[0] != add.Inputs[1]
        && add.Inputs[input]!.Producer is { OpType: "QConv", Domain: Domains.Quantized } layer
            && GraphEdits.OnlyConsumer(graph, add.Inputs[input]!) == add
        && layer.Input(3) is null && !layer.Attributes.Contains("clamp_min") && !layer.Attributes.Contains("clamp_max");

    private static void Rewrite(Graph graph, Node add, Node layer, Value residual, string residualPrefix)
    {
        var attributes = GraphEdits.CopyAttributes(layer);
        attributes["s_scale"] = layer.Attributes["y_scale"];
        attributes["s_zero_point"] = layer.Attributes["y_zero_point"];
        attributes["s_signed"] = layer.Outputs[0].ElementType == ElementType.Int8 ? 1L : 0L;
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
