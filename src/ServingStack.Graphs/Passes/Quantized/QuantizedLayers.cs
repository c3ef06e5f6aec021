namespace ServingStack.Graphs.Passes.Quantized;

/// <summary>Conv, Gemm and MatMul of dequantized activations with constant quantized weights become QConv and QGemm.</summary>
internal static class QuantizedLayers
{
    public static bool Conv(Graph graph, Node node) => Rewrite(graph, node, node, "QConv", 0, BiasOf(node.Input(2)),
        node.Input(2) is not null);

    public static bool Gemm(Graph graph, Node node)
    {
        if (node.Attributes.Float("alpha", 1) != 1 || node.Attributes.Int("transA", 0) != 0) return false;
        var beta = node.Attributes.Float("beta", 1);
        var bias = BiasOf(node.Input(2))?.Select(b => b * beta).ToArray();
        return Rewrite(graph, node, node, "QGemm", node.Attributes.Int("transB", 0) != 0 ? 0 : 1, bias, node.Input(2) is not null);
    }

    /// <summary>A following Add of a constant row is the bias.</summary>
    public static bool MatMul(Graph graph, Node node)
    {
        if (GraphEdits.OnlyConsumer(graph, node.Outputs[0]) is { OpType: "Add", Domain: "" } add)
        {
            var row = add.Inputs[0] == node.Outputs[0] ? add.Inputs[1] : add.Inputs[0];
            if (row?.Shape is { Rank: >= 1 } shape && shape.Take(shape.Rank - 1).All(d => d == 1) && BiasOf(row) is { } bias
                && Rewrite(graph, node, add, "QGemm", 1, bias, true)) return true;
        }
        return Rewrite(graph, node, node, "QGemm", 1, null, false);
    }

    /// <param name="graph">The graph.</param>
    /// <param name="node">The layer.</param>
    /// <param name="last">The node whose output the new one replaces: the layer, or the Add of its bias.</param>
    /// <param name="opType">The new operator.</param>
    /// <param name="channelAxis">The axis of the weights that numbers the outputs.</param>
    /// <param name="bias">The bias in floats, null without one.</param>
    /// <param name="needsBias">Whether there is one; it must then be constant.</param>
    private static bool Rewrite(Graph graph, Node node, Node last, string opType, int channelAxis, double[]? bias, bool needsBias)
    {
        if (needsBias && bias is null) return false;
        if (QuantizedSource.Of(node.Input(0)) is not { Value.IsConstant: false } x
            || QuantizedWeights.Of(node.Input(1), channelAxis) is not { } weights) return false;
        if (opType == "QGemm" && weights.Bytes.Rank != 2) return false;
        if (bias is not null && bias.Length != 1 && bias.Length != weights.Channels) return false;
        var units = bias is null ? null : weights.Bias(bias, x.Scale);
        if (bias is not null && units is null) return false;

        var attributes = GraphEdits.CopyAttributes(node, "alpha", "beta", "transA");
        var layer = Create(graph, node.Name, opType, x.Value, weights, units, attributes, x.Scale, x.ZeroPoint);
        if (Requantization.After(graph, last.Outputs[0]) is { } target) target.Attach(graph, layer, last);
        else
        {
            layer.AddOutput(last.Outputs[0]);
            graph.InsertBefore(last, layer);
        }
        GraphEdits.RemoveWithUnusedInputs(graph, last);
        return true;
    }

    public static Node Create(Graph graph, string name, string opType, Value x, QuantizedWeights weights, Tensor? bias,
        AttributeMap attributes,
        float xScale, int xZeroPoint)
    {
        var inputs = new List<Value?> { x, graph.AddConstant(weights.Bytes, graph.FreshName("quantized_weights")) };
        if (bias is not null) inputs.Add(graph.AddConstant(bias, graph.FreshName("quantized_bias")));
        attributes["x_scale"] = xScale;
        attributes["x_zero_point"] = (long)xZeroPoint;
        attributes["w_scale"] = weights.Scales;
        return new Node(opType, inputs, [], name, Domains.Quantized) { Attributes = attributes };
    }

    /// <summary>A constant bias, stored as floats or as dequantized integers; null when there is none or it is not constant.</summary>
    private static double[]? BiasOf(Value? value)
    {
        if (value?.Producer is { OpType: "DequantizeLinear", Domain: "" } node)
            return FoldDequantizedConstants.Evaluate(node) is { } tensor ? Array.ConvertAll(tensor.As<float>().ToArray(), v => (double)v)
                : null;
        return GraphEdits.Floats(value) is { } floats ? Array.ConvertAll(floats, v => (double)v) : null;
    }
}
