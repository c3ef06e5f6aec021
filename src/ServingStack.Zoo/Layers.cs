using ServingStack.Graphs;

namespace ServingStack.Zoo;

/// <summary>Appends named layers with seeded weights to a graph. Weights are drawn by He et al. 2015: normal, variance 2 /
/// fan-in.</summary>
internal sealed class Layers(Graph graph, Random random)
{
    private const float Epsilon = 1e-5f;

    /// <summary>A convolution without bias (square kernel, same padding) and its batch normalization.</summary>
    public Value NormalizedConvolution(Value x, int inputs, int outputs, int kernel, int stride, string name)
    {
        var pad = kernel / 2;
        var weight = Weights($"{name}.weight", inputs * kernel * kernel, outputs, inputs, kernel, kernel);
        var convolved = Node("Conv", name, new()
        {
            { "kernel_shape", new long[] { kernel, kernel } }, { "strides", new long[] { stride, stride } },
                { "pads", new long[] { pad, pad, pad, pad } },
        }, x, weight);
        return Node("BatchNormalization", $"{name}.norm", new() { { "epsilon", Epsilon } }, convolved,
            Filled($"{name}.scale", 1, outputs), Filled($"{name}.shift", 0, outputs),
            Filled($"{name}.mean", 0, outputs), Filled($"{name}.variance", 1, outputs));
    }

    /// <summary>x W^T + b, with W [outputs, inputs].</summary>
    public Value Linear(Value x, int inputs, int outputs, string name) =>
        Node("Gemm", name, new() { { "transB", 1L } }, x, Weights($"{name}.weight", inputs, outputs, inputs),
            Filled($"{name}.bias", 0, outputs));

    /// <summary>Rows of a table [categories, width] by ids.</summary>
    public Value Embedding(Value ids, int categories, int width, string name) =>
        Node("Gather", name, new() { { "axis", 0L } }, Weights($"{name}.table", width, categories, width), ids);

    /// <summary>Column <paramref name="column"/> of a matrix, as a vector.</summary>
    public Value Column(Value matrix, int column, string name) =>
        Node("Gather", name, new() { { "axis", 1L } }, matrix, graph.AddConstant(Tensor.Scalar((long)column), $"{name}.index"));

    public Value Relu(Value x, string name) => Node("Relu", name, null, x);

    public Value Sigmoid(Value x, string name) => Node("Sigmoid", name, null, x);

    public Value Softmax(Value x, string name) => Node("Softmax", name, new() { { "axis", -1L } }, x);

    public Value Add(Value a, Value b, string name) => Node("Add", name, null, a, b);

    public Value GlobalAveragePool(Value x, string name) => Node("GlobalAveragePool", name, null, x);

    public Value Flatten(Value x, string name) => Node("Flatten", name, new() { { "axis", 1L } }, x);

    public Value Concat(IEnumerable<Value> parts, string name) => Node("Concat", name, new() { { "axis", 1L } }, [.. parts]);

    /// <summary>(x - mean) / deviation a column, kept within +-<paramref name="bound"/> so that one wild number cannot rule the
    /// rest.</summary>
    public Value Standardize(Value x, ReadOnlySpan<float> means, ReadOnlySpan<float> deviations, float bound, string name)
    {
        var inverse = new float[deviations.Length];
        for (var i = 0; i < inverse.Length; i++) inverse[i] = 1 / deviations[i];
        var centred = Node("Sub", $"{name}.centre", null, x, graph.AddConstant(Tensor.From(means, means.Length), $"{name}.mean"));
        var scaled = Node("Mul", $"{name}.scale", null, centred,
            graph.AddConstant(Tensor.From<float>(inverse, inverse.Length), $"{name}.inverse_deviation"));
        return Node("Clip", name, null, scaled,
            graph.AddConstant(Tensor.Scalar(-bound), $"{name}.min"), graph.AddConstant(Tensor.Scalar(bound), $"{name}.max"));
    }

    private Value Node(string opType, string name, AttributeMap? attributes, params Value[] inputs)
    {
        var output = new Value(name);
        graph.Add(new Node(opType, inputs, [output], name) { Attributes = attributes ?? new() });
        return output;
    }

    private Value Weights(string name, int fanIn, params long[] dimensions)
    {
        var values = new float[dimensions.Aggregate(1L, (product, d) => product * d)];
        var deviation = Math.Sqrt(2.0 / fanIn);
        for (var i = 0; i < values.Length; i++) values[i] = (float)(deviation * Gauss());
        return graph.AddConstant(Tensor.From<float>(values, dimensions), name);
    }

    private Value Filled(string name, float value, int count)
    {
        var values = new float[count];
        Array.Fill(values, value);
        return graph.AddConstant(Tensor.From<float>(values, count), name);
    }

    // Box and Muller 1958: two uniform numbers give a normal one.
    private double Gauss() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
