namespace ServingStack.Graphs.Passes.Quantized;

/// <summary>The older way to write quantized layers, QLinearConv and QLinearMatMul, as the same operators on integers.</summary>
internal static class QLinearOperators
{
    public static bool Conv(Graph graph, Node node) => Rewrite(graph, node, "QConv", 0, node.Input(8));

    public static bool MatMul(Graph graph, Node node) => node.Inputs[3]?.Constant?.Rank == 2 && Rewrite(graph, node, "QGemm", 1, null);

    private static bool Rewrite(Graph graph, Node node, string opType, int channelAxis, Value? bias)
    {
        if (node.Inputs[0] is not { IsConstant: false, ElementType: ElementType.UInt8 or ElementType.Int8 } x
            || node.Inputs[3]?.Constant is not { } stored) return false;
        if (GraphEdits.Scalar(node.Input(1)) is not { } xScale || QuantizedNumbers.ZeroPointOf(node.Input(2)) is not { } xZero)
            return false;
        if (GraphEdits.Scalar(node.Input(6)) is not { } yScale || QuantizedNumbers.ZeroPointOf(node.Input(7)) is not { } yZero)
            return false;
        if (GraphEdits.Floats(node.Input(4)) is not { } scales || node.Input(5) is { Constant: null }
            || (bias is not null && bias.Constant is null)) return false;
        if (QuantizedWeights.Of(stored, scales, node.Input(5)?.Constant, channelAxis) is not { } weights) return false;
        var attributes = GraphEdits.CopyAttributes(node);
        var layer = QuantizedLayers.Create(graph, node.Name, opType, x, weights, bias?.Constant, attributes, xScale, xZero);
        attributes["y_scale"] = yScale;
        attributes["y_zero_point"] = (long)yZero;
        layer.AddOutput(node.Outputs[0]);
        graph.InsertBefore(node, layer);
        graph.Remove(node);
        return true;
    }
}
