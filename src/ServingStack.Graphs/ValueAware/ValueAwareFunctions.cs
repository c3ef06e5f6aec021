namespace ServingStack.Graphs.ValueAware;

/// <summary>
/// The two functions of <see cref="Domains.Own"/> that value-aware models call. Their bodies are standard operators, so that any ONNX runtime
/// executes such a model; ours recognizes the calls.
/// </summary>
public static class ValueAwareFunctions
{
    /// <summary>
    /// <c>(planes, significance, scales, grid, gaps, large, shape) -> floats</c>: planes [bits, bytes] of codes, significance [1, bits] what
    /// each plane counts, float16 scales [runs, 1], grid (runs, length of a run), gaps and float16 large numbers of one length, and the shape
    /// of the floats.
    /// </summary>
    public const string Weights = "ValueAwareWeights";

    /// <summary>
    /// <c>(x, step, least, most, threshold) -> y</c>: numbers of magnitude above the threshold in 16 bits, the others rounded to whole steps
    /// and clipped to codes from least to most.
    /// </summary>
    public const string Activations = "ValueAwareActivations";

    private const float LargestHalf = 65504;
    private const long Float32 = (long)ElementType.Float32;

    public static bool IsWeights(Node node) => node is { OpType: Weights, Domain: Domains.Own };

    public static bool IsActivations(Node node) => node is { OpType: Activations, Domain: Domains.Own };

    /// <summary>Makes both known to a graph that is about to call them.</summary>
    public static void AddTo(Graph graph)
    {
        if (graph.Functions.Exists(f => f.Domain == Domains.Own && f.Name == Weights)) return;
        graph.Functions.Add(new(Domains.Own, Weights, WeightsBody(graph.Opset)));
        graph.Functions.Add(new(Domains.Own, Activations, ActivationsBody(graph.Opset)));
        graph.Opsets[Domains.Own] = 1;
    }

    private static Graph WeightsBody(long opset)
    {
        var body = NewBody(Weights, opset, "planes", "significance", "scales", "grid", "gaps", "large", "shape");
        var (planes, significance, scales, grid) = (body.Inputs[0], body.Inputs[1], body.Inputs[2], body.Inputs[3]);
        var (gaps, large, shape) = (body.Inputs[4], body.Inputs[5], body.Inputs[6]);
        var shifts = Constant(body, Tensor.From<byte>([0, 1, 2, 3, 4, 5, 6, 7], 8));
        var shifted = body.Add("BitShift", new AttributeMap { { "direction", "RIGHT" } },
            body.Add("Unsqueeze", planes, Integers(body, 2)), shifts);
        var bits = Cast(body, body.Add("BitwiseAnd", shifted, Constant(body, Tensor.From<byte>([1], 1))), Float32);
        var padded = body.Add("MatMul", significance, body.Add("Reshape", bits, Integers(body, 0, -1)));
        var count = body.Add("ReduceProd", new AttributeMap { { "keepdims", 1L } }, grid);
        var codes = body.Add("Reshape", body.Add("Slice", padded, Integers(body, 0), count, Integers(body, 1)), grid);
        var small = body.Add("Reshape", body.Add("Mul", codes, Cast(body, scales, Float32)), Integers(body, -1));
        var places = body.Add("CumSum", Cast(body, gaps, (long)ElementType.Int64), Constant(body, Tensor.Scalar(0L)));
        var all = body.Add("ScatterElements", new AttributeMap { { "axis", 0L }, { "reduction", "add" } }, small, places,
            Cast(body, large, Float32));
        body.Outputs.Add(body.Add("Reshape", all, shape));
        return body;
    }

    private static Graph ActivationsBody(long opset)
    {
        var body = NewBody(Activations, opset, "x", "step", "least", "most", "threshold");
        var (x, step, least, most, threshold) = (body.Inputs[0], body.Inputs[1], body.Inputs[2], body.Inputs[3], body.Inputs[4]);
        var codes = body.Add("Clip", body.Add("Round", body.Add("Div", x, step)), least, most);
        var (lowest, highest) = (Constant(body, Tensor.Scalar(-LargestHalf)), Constant(body, Tensor.Scalar(LargestHalf)));
        var half = Cast(body, body.Add("Clip", x, lowest, highest), (long)ElementType.Float16);
        body.Outputs.Add(body.Add("Where", body.Add("Greater", body.Add("Abs", x), threshold), Cast(body, half, Float32),
            body.Add("Mul", codes, step)));
        return body;
    }

    private static Graph NewBody(string name, long opset, params string[] inputs)
    {
        var body = new Graph(name);
        body.Opsets[""] = opset;
        foreach (var input in inputs)
        {
            body.Reserve(input);
            body.Inputs.Add(new Value(input));
        }
        return body;
    }

    private static Value Constant(Graph body, Tensor tensor) => body.AddConstant(tensor);

    private static Value Integers(Graph body, params long[] values) => body.AddConstant(Tensor.From<long>(values, values.Length));

    private static Value Cast(Graph body, Value value, long type) => body.Add("Cast", new AttributeMap { { "to", type } }, value);
}
