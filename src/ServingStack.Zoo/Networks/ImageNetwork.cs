using ServingStack.Graphs;

namespace ServingStack.Zoo.Networks;

/// <summary>
/// A network for images under construction. Layers are named by the part they are in; weights are seeded and drawn by He et al. 2015
/// (variance gain / fan-in, gain 2 in front of a Relu), normalizations differ a little from channel to channel, so that activations stay
/// near 1 and no two channels are alike.
/// </summary>
internal sealed class ImageNetwork
{
    private readonly Graph _graph;
    private readonly SeededNumbers _numbers;
    private readonly Dictionary<string, int> _used = [];

    /// <summary>Starts with the input <c>image</c> [batch, 3, extent, extent].</summary>
    public ImageNetwork(string name, int extent, int seed)
    {
        _graph = new Graph(name);
        _numbers = new SeededNumbers(seed);
        Image = new Features(_graph.AddInput("image", ElementType.Float32, new Shape(Dimension.Named("batch"), 3, extent, extent)), 3);
    }

    public Features Image { get; }

    /// <summary>Which layers are added in Tucker's decomposition, as chains; null for none.</summary>
    public RankTable? Ranks { get; init; }

    /// <summary>The part of the network that layers are added to, which begins their names.</summary>
    public string Part { get; set; } = "stem";

    /// <summary>A convolution with bias.</summary>
    public Features Convolution(Features x, int outputs, Window window, int groups = 1, double gain = 2) =>
        Convolve(x, outputs, window, groups, gain, bias: true);

    /// <summary>A convolution without bias, and its batch normalization.</summary>
    public Features Normalized(Features x, int outputs, Window window, int groups = 1, double gain = 2) =>
        Normalization(Convolve(x, outputs, window, groups, gain, bias: false));

    /// <summary><see cref="Normalized"/> and Relu.</summary>
    public Features Activated(Features x, int outputs, Window window, int groups = 1) => Relu(Normalized(x, outputs, window, groups));

    /// <summary>A convolution without bias or normalization.</summary>
    public Features Plain(Features x, int outputs, Window window) => Convolve(x, outputs, window, 1, 2, bias: false);

    /// <summary>Batch normalization.</summary>
    public Features Normalization(Features x)
    {
        var name = Name("norm");
        var attributes = new AttributeMap { { "epsilon", 1e-5f } };
        return Add("BatchNormalization", name, x.Channels, attributes, x.Value,
            Constant($"{name}.scale", _numbers.Uniform(x.Channels, 0.9, 1.1), x.Channels),
            Constant($"{name}.shift", _numbers.Uniform(x.Channels, -0.1, 0.1), x.Channels),
            Constant($"{name}.mean", _numbers.Uniform(x.Channels, -0.1, 0.1), x.Channels),
            Constant($"{name}.variance", _numbers.Uniform(x.Channels, 0.9, 1.1), x.Channels));
    }

    public Features Relu(Features x) => Add("Relu", Name("relu"), x.Channels, null, x.Value);

    /// <summary>Relu that saturates at 6.</summary>
    public Features Relu6(Features x)
    {
        var name = Name("relu6");
        return Add("Clip", name, x.Channels, null, x.Value,
            _graph.AddConstant(Tensor.Scalar(0f), $"{name}.min"), _graph.AddConstant(Tensor.Scalar(6f), $"{name}.max"));
    }

    /// <summary>Local response normalization over 5 channels, as AlexNet has it.</summary>
    public Features LocalResponse(Features x) => Add("LRN", Name("lrn"), x.Channels,
        new() { { "size", 5L }, { "alpha", 1e-4f }, { "beta", 0.75f }, { "bias", 1f } }, x.Value);

    public Features MaxPool(Features x, Window window) => Pool("MaxPool", x, window, new());

    /// <summary>Averages that count padding as zeros, as PyTorch does.</summary>
    public Features AveragePool(Features x, Window window) => Pool("AveragePool", x, window, new() { { "count_include_pad", 1L } });

    public Features Sum(Features a, Features b) => Add("Add", Name("add"), a.Channels, null, a.Value, b.Value);

    public Features Concat(params Features[] parts) => Add("Concat", Name("concat"), parts.Sum(p => p.Channels),
        new() { { "axis", 1L } }, [.. parts.Select(p => p.Value)]);

    /// <summary>Channels of all groups in turns: [groups, channels / groups] transposed (Zhang et al. 2018).</summary>
    public Features Shuffle(Features x, int groups, int extent)
    {
        var name = Name("shuffle");
        var split = Reshape(x.Value, $"{name}.split", [0, groups, x.Channels / groups, extent, extent]);
        var turned = Add("Transpose", $"{name}.turn", x.Channels, new() { { "perm", new long[] { 0, 2, 1, 3, 4 } } }, split);
        return new(Reshape(turned.Value, name, [0, x.Channels, extent, extent]), x.Channels);
    }

    public Features GlobalAverage(Features x) => Flatten(Add("GlobalAveragePool", Name("average"), x.Channels, null, x.Value), 1);

    /// <summary>All numbers of an image, a row.</summary>
    public Features Flatten(Features x, int pixels) =>
        Add("Flatten", Name("flat"), x.Channels * pixels, new() { { "axis", 1L } }, x.Value);

    /// <summary>A fully connected layer with bias.</summary>
    public Features Linear(Features x, int outputs, double gain = 2)
    {
        var name = Name("linear");
        if (Ranks?.Invoke(name, x.Channels, outputs, 1) is { Inputs: null } ranks)
        {
            x = Add("Gemm", $"{name}.in", ranks.Outputs, new() { { "transB", 1L } }, x.Value,
                Weights($"{name}.in.weight", x.Channels, 1, ranks.Outputs, x.Channels));
        }
        return Add("Gemm", name, outputs, new() { { "transB", 1L } }, x.Value,
            Weights($"{name}.weight", x.Channels, gain, outputs, x.Channels), Bias(name, outputs));
    }

    /// <summary>A fully connected layer on a map of <paramref name="extent"/> x <paramref name="extent"/> pixels; decomposed, a kernel of
    /// that size.</summary>
    public Features LinearOfMap(Features x, int extent, int outputs)
    {
        if (Ranks?.Invoke($"{Part}.linear1", x.Channels, outputs, extent) is null) return Linear(Flatten(x, extent * extent), outputs);
        return Flatten(Chain(Name("linear"), x, outputs, Window.Square(extent, 1, 0), groups: 1, gain: 2, bias: true), 1);
    }

    /// <summary>The classifier, whose output <c>logits</c> [batch, classes] is the network's.</summary>
    public Graph Classify(Features x, int classes = 1000)
    {
        Part = "classifier";
        var logits = Linear(x, classes, gain: 1).Value;
        (logits.Name, logits.ElementType, logits.Shape) = ("logits", ElementType.Float32, new Shape(Dimension.Named("batch"), classes));
        _graph.Outputs.Add(logits);
        return _graph;
    }

    private Features Convolve(Features x, int outputs, Window window, int groups, double gain, bool bias)
    {
        var name = Name("conv");
        return Ranks?.Invoke(name, x.Channels / groups, outputs / groups, window.Height) is null
            ? Convolve(name, x, outputs, window, groups, gain, bias)
            : Chain(name, x, outputs, window, groups, gain, bias);
    }

    /// <summary>1x1 to the rank of the inputs, the kernel between the ranks, 1x1 to the outputs (Kim et al. 2016, section 3.1).</summary>
    private Features Chain(string name, Features x, int outputs, Window window, int groups, double gain, bool bias)
    {
        var ranks = Ranks!(name, x.Channels / groups, outputs / groups, window.Height)!.Value;
        var pointwise = Window.Square(1);
        if (ranks.Inputs is { } inputs) x = Convolve($"{name}.in", x, inputs * groups, pointwise, groups, gain: 1, bias: false);
        x = Convolve($"{name}.core", x, ranks.Outputs * groups, window, groups, gain: 1, bias: false);
        return Convolve($"{name}.out", x, outputs, pointwise, groups, gain, bias);
    }

    private Features Convolve(string name, Features x, int outputs, Window window, int groups, double gain, bool bias)
    {
        var attributes = new AttributeMap { { "kernel_shape", window.Kernel }, { "strides", window.Strides }, { "pads", window.Pads } };
        if (groups > 1) attributes.Add("group", (long)groups);
        var inputs = x.Channels / groups;
        var weights = Weights($"{name}.weight", inputs * window.Height * window.Width, gain, outputs, inputs, window.Height, window.Width);
        return bias
            ? Add("Conv", name, outputs, attributes, x.Value, weights, Bias(name, outputs))
            : Add("Conv", name, outputs, attributes, x.Value, weights);
    }

    private Features Pool(string opType, Features x, Window window, AttributeMap attributes)
    {
        attributes.Add("kernel_shape", window.Kernel);
        attributes.Add("strides", window.Strides);
        attributes.Add("pads", window.Pads);
        return Add(opType, Name("pool"), x.Channels, attributes, x.Value);
    }

    private Value Reshape(Value x, string name, long[] extents) => Add("Reshape", name, 0, null, x,
        _graph.AddConstant(Tensor.From<long>(extents, extents.Length), $"{name}.extents")).Value;

    private Features Add(string opType, string name, int channels, AttributeMap? attributes, params Value[] inputs)
    {
        var output = new Value(name);
        _graph.Add(new Node(opType, inputs, [output], name) { Attributes = attributes ?? new() });
        return new(output, channels);
    }

    private Value Weights(string name, int fanIn, double gain, params long[] extents) => _graph.AddConstant(Tensor.From<float>(
        _numbers.Normal(checked((int)extents.Aggregate(1L, (product, e) => product * e)), Math.Sqrt(gain / fanIn)), extents), name);

    private Value Bias(string name, int count) => Constant($"{name}.bias", _numbers.Uniform(count, -0.1, 0.1), count);

    private Value Constant(string name, float[] values, int count) => _graph.AddConstant(Tensor.From<float>(values, count), name);

    private string Name(string kind)
    {
        var name = $"{Part}.{kind}";
        _used[name] = _used.GetValueOrDefault(name) + 1;
        return $"{name}{_used[name]}";
    }
}
