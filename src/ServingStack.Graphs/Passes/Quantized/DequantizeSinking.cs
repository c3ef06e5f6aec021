namespace ServingStack.Graphs.Passes.Quantized;

/// <summary>
/// Operators that commute with dequantization: op(dequantize(q)) = dequantize(op(q)). They move to the integers, and the DequantizeLinear
/// moves behind them, where it often meets its QuantizeLinear.
/// </summary>
internal static class DequantizeSinking
{
    /// <summary>A clamp bound this close to an integer (in quantization steps) is that integer.</summary>
    private const double BoundTolerance = 1e-3;

    /// <summary>Operators that only move elements, or pick the largest: input 0 is the data.</summary>
    public static bool Move(Graph graph, Node node)
    {
        if (node.Outputs.Count > 1 || QuantizedSource.Of(node.Input(0)) is not { } x) return false;
        if (x.Value.IsConstant && node.OpType != "Gather") return false;
        Sink(graph, node, x, [x.Value, .. node.Inputs.Skip(1)]);
        return true;
    }

    public static bool Concat(Graph graph, Node node)
    {
        var sources = node.Inputs.Select(QuantizedSource.Of).OfType<QuantizedSource>().ToArray();
        if (sources.Length < node.Inputs.Count || !sources.All(s => s.HasScaleOf(sources[0]))) return false;
        Sink(graph, node, sources[0], sources.Select(s => s.Value));
        return true;
    }

    /// <summary>The padding value must be one that the integers hold.</summary>
    public static bool Pad(Graph graph, Node node)
    {
        if (QuantizedSource.Of(node.Input(0)) is not { Value.IsConstant: false } x) return false;
        if (node.Input(2) is not null && GraphEdits.Scalar(node.Input(2)) is null) return false;
        if (Exact(GraphEdits.Scalar(node.Input(2)) ?? 0, x) is not { } value) return false;
        var fill = graph.AddConstant(QuantizedNumbers.Scalar(value, x.Value.ElementType), graph.FreshName("pad_value"));
        Sink(graph, node, x, [x.Value, node.Inputs[1], fill, .. node.Inputs.Skip(3)]);
        return true;
    }

    /// <summary>Relu and Clip, where the bounds are integers of the scale: Clip on the integers, or nothing when no bound bites.</summary>
    public static bool Clamp(Graph graph, Node node)
    {
        if (QuantizedSource.Of(node.Input(0)) is not { Value.IsConstant: false } x || Activation.BoundsOf(node) is not var (low, high))
            return false;
        if (Exact(low, x) is not { } least || Exact(high, x) is not { } most) return false;
        if ((least, most) == QuantizedNumbers.RangeOf(x.Value.ElementType)) return GraphEdits.Bypass(graph, node, node.Inputs[0]!);
        var bounds = new[] { least, most }.Select(b => graph.AddConstant(QuantizedNumbers.Scalar(b, x.Value.ElementType),
            graph.FreshName("bound")));
        node.OpType = "Clip";
        Sink(graph, node, x, [x.Value, .. bounds]);
        return true;
    }

    /// <summary>A number as the integer that stands for it; null when it lies between two within the range.</summary>
    private static int? Exact(float value, QuantizedSource x)
    {
        var (least, most) = QuantizedNumbers.RangeOf(x.Value.ElementType);
        var units = ((double)value / x.Scale) + x.ZeroPoint;
        if (units <= least) return least;
        if (units >= most) return most;
        return Math.Abs(units - Math.Round(units)) < BoundTolerance ? (int)Math.Round(units) : null;
    }

    private static void Sink(Graph graph, Node node, QuantizedSource x, IEnumerable<Value?> inputs)
    {
        var output = node.Outputs[0];
        var integers = new Value(graph.FreshName(output.Name + "_quantized")) { ElementType = x.Value.ElementType, Shape = output.Shape };
        var moved = new Node(node.OpType, inputs, [integers], node.Name) { Attributes = GraphEdits.CopyAttributes(node) };
        graph.InsertBefore(node, moved);
        var dequantize = new Node("DequantizeLinear", [integers, .. x.Dequantize.Inputs.Skip(1)], [output],
            graph.FreshName(node.Name + "_dequantize"))
        {
            Attributes = GraphEdits.CopyAttributes(x.Dequantize),
        };
        graph.InsertAfter(moved, dequantize);
        GraphEdits.RemoveWithUnusedInputs(graph, node);
    }
}
