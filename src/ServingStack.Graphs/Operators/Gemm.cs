using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>ONNX Gemm: Y = alpha * op(A) * op(B) + beta * C with matrices of rank 2.</summary>
internal static class Gemm
{
    public static void Infer(InferenceContext c) => c.Set(0, c.TypeOf(0), ShapeOf(c));

    /// <summary>The GEMMs of <c>servingstack.q</c> and <c>servingstack.f</c>: A may have leading axes, as in MatMul.</summary>
    public static void InferFused(InferenceContext c) => c.Set(0, c.Node.Outputs[0].ElementType, FusedShapeOf(c));

    private static Shape? ShapeOf(InferenceContext c)
    {
        c.RequireRank(0, 2, 2);
        c.RequireRank(1, 2, 2);
        if (c.ShapeOf(0) is not { } a || c.ShapeOf(1) is not { } b) return null;
        var (m, ka) = c.Attributes.Int("transA", 0) != 0 ? (a[1], a[0]) : (a[0], a[1]);
        var (kb, n) = c.Attributes.Int("transB", 0) != 0 ? (b[1], b[0]) : (b[0], b[1]);
        if (!DimensionAlgebra.TryUnify(ka, kb, out _)) throw c.Fail($"The inner extents of {a} and {b} differ: {ka} and {kb}.");
        return new Shape(m, n);
    }

    private static Shape? FusedShapeOf(InferenceContext c)
    {
        if (c.ShapeOf(0) is not { Rank: >= 1 } a || c.ShapeOf(1) is not { Rank: 2 } b) return null;
        if (c.Attributes.Int("transA", 0) != 0) return ShapeOf(c);
        var (k, n) = c.Attributes.Int("transB", 0) != 0 ? (b[1], b[0]) : (b[0], b[1]);
        if (!DimensionAlgebra.TryUnify(a[a.Rank - 1], k, out _))
            throw c.Fail($"The inner extents of {a} and {b} differ: {a[a.Rank - 1]} and {k}.");
        return a.With(a.Rank - 1, n);
    }
}
