namespace ServingStack.Graphs.Passes.Quantized;

/// <summary>Operators that compute on the integers of one or more scales and quantize the result again.</summary>
internal static class QuantizedOperators
{
    public static bool Unary(Graph graph, Node node, string opType)
    {
        if (QuantizedSource.Of(node.Input(0)) is not { Value.IsConstant: false } x
            || Requantization.After(graph, node.Outputs[0]) is not { } target) return false;
        var attributes = GraphEdits.CopyAttributes(node);
        attributes["x_scale"] = x.Scale;
        attributes["x_zero_point"] = (long)x.ZeroPoint;
        Replace(graph, node, target, new Node(opType, [x.Value], [], node.Name, Domains.Quantized) { Attributes = attributes });
        return true;
    }

    /// <summary>Both operands of one shape; broadcasting stays with the float operators.</summary>
    public static bool Binary(Graph graph, Node node, string opType)
    {
        if (QuantizedSource.Of(node.Input(0)) is not { Value.IsConstant: false } a
            || QuantizedSource.Of(node.Input(1)) is not { Value.IsConstant: false } b) return false;
        if (a.Value.Shape is not { } shape || !shape.Equals(b.Value.Shape)
            || Requantization.After(graph, node.Outputs[0]) is not { } target) return false;
        var attributes = new AttributeMap
        {
            ["a_scale"] = a.Scale,
            ["a_zero_point"] = (long)a.ZeroPoint,
            ["b_scale"] = b.Scale,
            ["b_zero_point"] = (long)b.ZeroPoint,
        };
        Replace(graph, node, target, new Node(opType, [a.Value, b.Value], [], node.Name, Domains.Quantized) { Attributes = attributes });
        return true;
    }

    /// <summary>A factor and an addend a channel in floats, between integers.</summary>
    public static bool Affine(Graph graph, Node product)
    {
        if (ChannelVectors.AffineFrom(graph, product) is not { } affine
            || QuantizedSource.Of(affine.Input) is not { Value.IsConstant: false } x
            || Requantization.After(graph, affine.Sum.Outputs[0]) is not { } target) return false;
        var factors = graph.AddConstant(Tensor.From<float>(affine.Factors, affine.Factors.Length), graph.FreshName("factors"));
        var shifts = graph.AddConstant(Tensor.From<float>(affine.Shifts, affine.Shifts.Length), graph.FreshName("shifts"));
        var attributes = new AttributeMap { ["x_scale"] = x.Scale, ["x_zero_point"] = (long)x.ZeroPoint };
        Replace(graph, affine.Sum, target, new Node("QAffine", [x.Value, factors, shifts], [], affine.Sum.Name, Domains.Quantized)
        {
            Attributes = attributes,
        });
        return true;
    }

    /// <summary>Inputs of different scales; those of one scale have moved to the integer side before.</summary>
    public static bool Concat(Graph graph, Node node)
    {
        var sources = node.Inputs.Select(QuantizedSource.Of).OfType<QuantizedSource>().ToArray();
        if (sources.Length < node.Inputs.Count || Requantization.After(graph, node.Outputs[0]) is not { } target) return false;
        if (sources.Any(s => s.Value.ElementType != target.Target.ElementType)) return false;
        var attributes = GraphEdits.CopyAttributes(node);
        attributes["x_scale"] = sources.Select(s => s.Scale).ToArray();
        attributes["x_zero_point"] = sources.Select(s => (long)s.ZeroPoint).ToArray();
        Replace(graph, node, target, new Node("QConcat", sources.Select(s => s.Value), [], node.Name,
            Domains.Quantized)
        { Attributes = attributes });
        return true;
    }

    private static void Replace(Graph graph, Node node, Requantization target, Node replacement)
    {
        target.Attach(graph, replacement, node);
        GraphEdits.RemoveWithUnusedInputs(graph, node);
    }
}
