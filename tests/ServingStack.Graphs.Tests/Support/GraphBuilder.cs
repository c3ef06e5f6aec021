namespace ServingStack.Graphs.Tests.Support;

/// <summary>A graph built in few words, with seeded weights.</summary>
internal sealed class GraphBuilder(int seed = 1)
{
    private readonly Random _random = new(seed);

    public Graph Graph { get; } = new("test");

    /// <summary>A float32 input; an extent is a number or a symbol.</summary>
    public Value Input(string name, params object[] extents) =>
        Graph.AddInput(name, ElementType.Float32, new Shape(extents.Select(e => e is string symbol ? Dimension.Named(symbol) : (int)e)));

    public Value Weights(params long[] dimensions) => Graph.AddConstant(RandomTensors.Of(ElementType.Float32, dimensions, _random));

    public Value Positive(params long[] dimensions)
    {
        var tensor = RandomTensors.Of(ElementType.Float32, dimensions, _random);
        return Graph.AddConstant(Tensor.From<float>(Array.ConvertAll(tensor.As<float>().ToArray(), v => 0.5f + Math.Abs(v)), dimensions));
    }

    public Value Integers(params long[] values) => Graph.AddConstant(Tensor.From<long>(values, values.Length));

    public Value Float(float value) => Graph.AddConstant(Tensor.Scalar(value));

    public Value Op(string opType, params Value?[] inputs) => Graph.Add(opType, inputs);

    public Value Op(string opType, AttributeMap attributes, params Value?[] inputs) => Graph.Add(opType, attributes, inputs);

    /// <summary>QuantizeLinear to u8, or s8, with one scale.</summary>
    public Value Quantize(Value x, float scale, int zeroPoint, bool signed = false) =>
        Op("QuantizeLinear", x, Float(scale), Zero(zeroPoint, signed));

    public Value Dequantize(Value x, float scale, int zeroPoint, bool signed = false) =>
        Op("DequantizeLinear", x, Float(scale), Zero(zeroPoint, signed));

    /// <summary>Quantized and back: what an exporter puts at each edge.</summary>
    public Value Qdq(Value x, float scale, int zeroPoint, bool signed = false) =>
        Dequantize(Quantize(x, scale, zeroPoint, signed), scale, zeroPoint, signed);

    /// <summary>s8 weights with a scale for each output channel (axis 0), dequantized.</summary>
    public Value QuantizedWeights(params long[] dimensions)
    {
        var bytes = RandomTensors.Of(ElementType.Int8, dimensions, _random);
        var scales = Enumerable.Range(0, (int)dimensions[0]).Select(i => 0.002f + (0.001f * i)).ToArray();
        var zeros = Graph.AddConstant(Tensor.From<sbyte>(new sbyte[scales.Length], scales.Length));
        return Op("DequantizeLinear", new AttributeMap { ["axis"] = 0L }, Graph.AddConstant(bytes),
            Graph.AddConstant(Tensor.From<float>(scales, scales.Length)), zeros);
    }

    /// <summary>An s32 bias whose scale is the input's times that of <see cref="QuantizedWeights"/>, dequantized.</summary>
    public Value QuantizedBias(int channels, float xScale)
    {
        var units = Enumerable.Range(0, channels).Select(i => (i * 37 % 200) - 100).ToArray();
        var scales = Enumerable.Range(0, channels).Select(i => xScale * (0.002f + (0.001f * i))).ToArray();
        var zeros = Graph.AddConstant(Tensor.From<int>(new int[channels], channels));
        return Op("DequantizeLinear", new AttributeMap { ["axis"] = 0L }, Graph.AddConstant(Tensor.From<int>(units, channels)),
            Graph.AddConstant(Tensor.From<float>(scales, channels)), zeros);
    }

    /// <summary>Names the result and ends the graph.</summary>
    public Graph Output(params Value[] values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            values[i].Name = values.Length == 1 ? "y" : $"y{i}";
            Graph.Outputs.Add(values[i]);
        }
        return Graph;
    }

    private Value Zero(int zeroPoint, bool signed) =>
        Graph.AddConstant(signed ? Tensor.Scalar((sbyte)zeroPoint) : Tensor.Scalar((byte)zeroPoint));
}
