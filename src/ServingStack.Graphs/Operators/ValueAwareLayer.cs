using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary><c>ValueAwareGemm</c> and <c>ValueAwareConv</c>: the channels, on the last axis or on axis 1, become the attribute N.</summary>
internal static class ValueAwareLayer
{
    public static void InferGemm(InferenceContext c) => Infer(c, shape => shape.Rank - 1);

    public static void InferConv(InferenceContext c) => Infer(c, _ => 1);

    private static void Infer(InferenceContext c, Func<Shape, int> axis)
    {
        c.RequireRank(0, 1);
        c.Set(0, c.TypeOf(0), c.ShapeOf(0) is { } x ? x.With(axis(x), c.Attributes.Int("N", 0)) : null);
    }
}
