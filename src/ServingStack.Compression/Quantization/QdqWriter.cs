using ServingStack.Graphs;

namespace ServingStack.Compression.Quantization;

/// <summary>Writes QuantizeLinear and DequantizeLinear into a graph, by the ranges that calibration found.</summary>
internal sealed class QdqWriter(
    Graph graph, QuantizationScope scope, IReadOnlyDictionary<string, ActivationQuantization> ranges, Func<Node, LayerQuantization> weightsOf)
{
    private readonly HashSet<string> _names =
        [.. graph.Inputs.Concat(graph.Nodes.SelectMany(n => n.Inputs.OfType<Value>().Concat(n.Outputs))).Select(v => v.Name),
            .. graph.Nodes.Select(n => n.Name)];

    /// <summary>Quantizes activations for their readers in scope, then the weights and biases of the layers.</summary>
    public void Write(IReadOnlySet<Value> activations, IReadOnlyList<Node> layers)
    {
        var scales = layers.ToDictionary(layer => layer, layer => QuantizationOf(layer.Inputs[0]!).Scale);
        foreach (var value in activations) QuantizeActivation(value);
        foreach (var layer in layers) QuantizeLayer(layer, scales[layer]);
    }

    /// <summary>Appends the two operators that bring a value to bytes and back; returns what comes back.</summary>
    public static Value RoundTrip(Graph graph, Value x, ActivationQuantization range)
    {
        var (scale, zeroPoint) = (graph.AddConstant(Tensor.Scalar(range.Scale)), graph.AddConstant(Tensor.Scalar(range.ZeroPoint)));
        return graph.Add("DequantizeLinear", graph.Add("QuantizeLinear", x, scale, zeroPoint), scale, zeroPoint);
    }

    /// <summary>What only moves numbers hands on the quantization of what it reads.</summary>
    private ActivationQuantization QuantizationOf(Value value) =>
        value.Producer is { } producer && scope.Contains(producer) && QuantizableOperators.RoleOf(producer) == QuantizedRole.Move
            ? QuantizationOf(Undone(producer.Inputs[0]!))
            : ranges[value.Name];

    // A producer that was visited before reads a DequantizeLinear already.
    private static Value Undone(Value value) =>
        value.Producer is { OpType: "DequantizeLinear" } dequantize ? dequantize.Inputs[0]!.Producer!.Inputs[0]! : value;

    private void QuantizeActivation(Value value)
    {
        var quantization = QuantizationOf(value);
        var readers = value.Consumers.Distinct().Where(scope.Contains).ToArray();
        var scale = graph.AddConstant(Tensor.Scalar(quantization.Scale), Unique($"{value.Name}.scale"));
        var zeroPoint = graph.AddConstant(Tensor.Scalar(quantization.ZeroPoint), Unique($"{value.Name}.zero_point"));
        var quantize = Node("QuantizeLinear", $"{value.Name}.quantize", ElementType.UInt8, null, value, scale, zeroPoint);
        var dequantize = Node("DequantizeLinear", $"{value.Name}.dequantize", ElementType.Float32, null, quantize.Outputs[0], scale,
            zeroPoint);
        if (value.Producer is { } producer) graph.InsertAfter(producer, quantize);
        else graph.InsertBefore(graph.Nodes[0], quantize);
        graph.InsertAfter(quantize, dequantize);
        foreach (var reader in readers)
            foreach (var index in QuantizableOperators.Activations(reader))
                if (reader.Inputs[index] == value) reader.SetInput(index, dequantize.Outputs[0]);
    }

    private void QuantizeLayer(Node layer, float activationScale)
    {
        var (weights, axis) = (layer.Inputs[1]!, QuantizableOperators.ChannelAxis(layer)!.Value);
        var quantization = weightsOf(layer);
        layer.SetInput(1, Dequantized(layer, $"{layer.Name}.weight",
            Tensor.From<sbyte>(quantization.Weights, weights.Constant!.Dimensions), quantization.Scales, axis));
        if (layer.Input(2)?.Constant is not { } bias) return;
        var scales = quantization.BiasScales(activationScale);
        var units = LayerQuantization.Bias(bias.As<float>(), scales);
        layer.SetInput(2, Dequantized(layer, $"{layer.Name}.bias", Tensor.From<int>(units, bias.Dimensions), scales, 0));
    }

    private Value Dequantized(Node layer, string name, Tensor integers, float[] scales, int axis)
    {
        var dequantize = Node("DequantizeLinear", $"{name}.dequantize", ElementType.Float32, new() { { "axis", (long)axis } },
            graph.AddConstant(integers, Unique($"{name}.quantized")),
            graph.AddConstant(Tensor.From<float>(scales, scales.Length), Unique($"{name}.scale")));
        graph.InsertBefore(layer, dequantize);
        return dequantize.Outputs[0];
    }

    private Node Node(string opType, string name, ElementType type, AttributeMap? attributes, params Value[] inputs)
    {
        var unique = Unique(name);
        return new(opType, inputs, [new Value(unique) { ElementType = type, Shape = inputs[0].Shape }], unique)
        {
            Attributes = attributes ?? new(),
        };
    }

    private string Unique(string name)
    {
        while (!_names.Add(name)) name += "_";
        return name;
    }
}
