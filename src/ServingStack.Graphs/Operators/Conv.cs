using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>ONNX Conv and ConvInteger: X [N, C, D1..], W [M, C / group, k1..] -> [N, M, o1..].</summary>
internal static class Conv
{
    public static void Infer(InferenceContext c) => c.Set(0, c.TypeOf(0), ShapeOf(c, 0, 1));

    public static void InferInteger(InferenceContext c) => c.Set(0, ElementType.Int32, ShapeOf(c, 0, 1));

    /// <summary>
    /// QLinearConv takes x, its scale and zero point, w, its scale and zero point, and those of y; y has the type of its zero point.
    /// </summary>
    public static void InferQLinear(InferenceContext c) => c.Set(0, c.TypeOf(7), ShapeOf(c, 0, 3));

    /// <summary>
    /// The convolutions of <c>servingstack.q</c> and <c>servingstack.f</c> keep the type that the pass gave their output.
    /// </summary>
    public static void InferFused(InferenceContext c) => c.Set(0, c.Node.Outputs[0].ElementType, ShapeOf(c, 0, 1));

    private static Shape? ShapeOf(InferenceContext c, int xInput, int wInput)
    {
        if (c.ShapeOf(xInput) is not { } x || c.ShapeOf(wInput) is not { } w) return null;
        if (x.Rank < 3 || w.Rank != x.Rank) throw c.Fail($"The input is {x} and the weights are {w}; both need the same rank, 3 or more.");
        var group = c.Attributes.Int("group", 1);
        if (group <= 0 || (x[1].IsFixed && w[1].IsFixed && x[1].Value != w[1].Value * group))
            throw c.Fail($"The input {x} has {x[1]} channels, but the weights {w} in {group} groups take {w[1].Times(group)}.");
        var kernel = c.Attributes.Ints("kernel_shape") is { } given ? given.Select(k => (Dimension)k).ToArray() : [.. w.Skip(2)];
        return new Shape([x[0], w[0], .. SpatialWindow.Outputs(c, x, kernel)]);
    }
}
