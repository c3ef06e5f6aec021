using ServingStack.Graphs;

namespace ServingStack.Engine.Tests.Support;

/// <summary>Adds layers with seeded weights to a graph, in floats or with QuantizeLinear and DequantizeLinear around each.</summary>
internal sealed class LayerBuilder(Random random, bool quantized)
{
    private const float ActivationScale = 0.04f;
    private const float WeightScale = 0.01f;

    public Graph Graph { get; } = new("sample");

    /// <summary>Floats around 0, small enough for activations to stay in range.</summary>
    public Value Weights(params long[] shape)
    {
        var fanIn = Math.Max(1, shape.Skip(1).Aggregate(1L, (product, extent) => product * extent));
        var values = new float[shape.Aggregate((a, b) => a * b)];
        for (var i = 0; i < values.Length; i++) values[i] = (float)((random.NextDouble() - 0.5) * 4 / Math.Sqrt(fanIn));
        return Graph.AddConstant(Tensor.From<float>(values, shape));
    }

    public Value Convolution(Value x, int inputs, int outputs, int kernel, int stride) => Quantized(Graph.Add(
        "Conv",
        new AttributeMap
        {
            ["strides"] = new long[] { stride, stride },
            ["pads"] = new long[] { kernel / 2, kernel / 2, kernel / 2, kernel / 2 },
        },
        x,
        LayerWeights(outputs, inputs, kernel, kernel),
        Weights(outputs)));

    /// <summary>A convolution over as many axes as its window has.</summary>
    /// <param name="groupInputs">Channels that one output reads.</param>
    public Value Convolution(Value x, AttributeMap window, int groupInputs, int outputs, int groups = 1)
    {
        window["group"] = (long)groups;
        var weights = LayerWeights([outputs, groupInputs, .. window.Ints("kernel_shape")!]);
        return Quantized(Graph.Add("Conv", window, x, weights, Weights(outputs)));
    }

    public Value Layer(Value x, int inputs, int outputs) =>
        Graph.Add("Gemm", new AttributeMap { ["transB"] = 1L }, x, LayerWeights(outputs, inputs), Weights(outputs));

    public Value Activated(Value x) => Quantized(Graph.Add("Relu", x));

    /// <summary>Through integers and back, in a quantized network.</summary>
    public Value Quantized(Value x)
    {
        if (!quantized) return x;
        var scale = Graph.AddConstant(Tensor.Scalar(ActivationScale));
        var zero = Graph.AddConstant(Tensor.Scalar((byte)110));
        return Graph.Add("DequantizeLinear", Graph.Add("QuantizeLinear", x, scale, zero), scale, zero);
    }

    private Value LayerWeights(params long[] shape)
    {
        if (!quantized) return Weights(shape);
        var scales = new float[shape[0]];
        for (var i = 0; i < scales.Length; i++) scales[i] = WeightScale * (0.5f + random.NextSingle()) / (float)Math.Sqrt(shape.Skip(1).Aggregate((a, b) => a * b) / 9.0);
        return Graph.Add(
            "DequantizeLinear",
            new AttributeMap { ["axis"] = 0L },
            Graph.AddConstant(Tensors.Random(random, ElementType.Int8, shape)),
            Graph.AddConstant(Tensor.From<float>(scales, scales.Length)),
            Graph.AddConstant(Tensor.From<sbyte>(new sbyte[scales.Length], scales.Length)));
    }
}
