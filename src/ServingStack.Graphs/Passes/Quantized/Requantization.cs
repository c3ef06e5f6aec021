namespace ServingStack.Graphs.Passes.Quantized;

/// <summary>
/// What follows an operator up to the integers again: Relu or Clip, then QuantizeLinear, each read by nothing else (several
/// QuantizeLinear of equal scale and zero point count as one).
/// </summary>
internal sealed record Requantization(Quantizer Target, IReadOnlyList<Node> Activations, IReadOnlyList<Node> Quantizers, float Least,
    float Most)
{
    public static Requantization? After(Graph graph, Value value)
    {
        var (least, most) = (float.NegativeInfinity, float.PositiveInfinity);
        var activations = new List<Node>();
        while (!graph.IsOutput(value))
        {
            if (Common(graph, value) is { } target) return new(target, activations, [.. value.Consumers], least, most);
            if (GraphEdits.OnlyConsumer(graph, value) is not { } node || Activation.BoundsOf(node) is not var (low, high)) return null;
            activations.Add(node);
            (least, most) = (Math.Clamp(low, least, most), Math.Clamp(high, least, most));
            value = node.Outputs[0];
        }
        return null;
    }

    /// <summary>Makes <paramref name="node"/>, which has no output yet, write the integers, and takes out what it replaces.</summary>
    public void Attach(Graph graph, Node node, Node replaced)
    {
        var output = Quantizers[0].Outputs[0];
        foreach (var other in Quantizers.Skip(1)) graph.ReplaceUses(other.Outputs[0], output);
        foreach (var quantizer in Quantizers) graph.Remove(quantizer);
        foreach (var activation in Activations.Reverse()) graph.Remove(activation);
        node.AddOutput(output);
        graph.InsertBefore(replaced, node);
        Describe(node);
    }

    private void Describe(Node node)
    {
        node.Attributes["y_scale"] = Target.Scale;
        node.Attributes["y_zero_point"] = (long)Target.ZeroPoint;
        var (least, most) = QuantizedNumbers.RangeOf(Target.ElementType);
        var (low, high) = (Quantized(Least), Quantized(Most));
        if (low > least) node.Attributes["clamp_min"] = (float)low;
        if (high < most) node.Attributes["clamp_max"] = (float)high;
    }

    private int Quantized(float bound) => QuantizedNumbers.Quantize(bound, Target.Scale, Target.ZeroPoint, Target.ElementType);

    private static Quantizer? Common(Graph graph, Value value)
    {
        if (value.Consumers.Count == 0 || Quantizer.Of(value.Consumers[0]) is not { } first) return null;
        return value.Consumers.Skip(1).All(c => Quantizer.Of(c) == first && !graph.IsOutput(c.Outputs[0]))
            && value.Consumers.All(c => graph.IndexOf(c) >= 0) ? first : null;
    }
}
