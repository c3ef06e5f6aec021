using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>ONNX MatMul, MatMulInteger and QLinearMatMul: as numpy.matmul, vectors and broadcast batches included.</summary>
internal static class MatMul
{
    public static void Infer(InferenceContext c) => c.Set(0, c.TypeOf(0), ShapeOf(c, 0, 1));

    public static void InferInteger(InferenceContext c) => c.Set(0, ElementType.Int32, ShapeOf(c, 0, 1));

    /// <summary>QLinearMatMul takes a, its scale and zero point, b, its own, and those of y.</summary>
    public static void InferQLinear(InferenceContext c) => c.Set(0, c.TypeOf(7), ShapeOf(c, 0, 3));

    private static Shape? ShapeOf(InferenceContext c, int aInput, int bInput)
    {
        c.RequireRank(aInput, 1);
        c.RequireRank(bInput, 1);
        if (c.ShapeOf(aInput) is not { } a || c.ShapeOf(bInput) is not { } b) return null;
        var inner = b[Math.Max(0, b.Rank - 2)];
        if (!DimensionAlgebra.TryUnify(a[a.Rank - 1], inner, out _))
            throw c.Fail($"The inner extents of {a} and {b} differ: {a[a.Rank - 1]} and {inner}.");
        var batch = Broadcast.Combine(c, new Shape(a.Take(a.Rank - 2)), new Shape(b.Take(b.Rank - 2)));
        Dimension[] rows = a.Rank == 1 ? [] : [a[a.Rank - 2]];
        Dimension[] columns = b.Rank == 1 ? [] : [b[b.Rank - 1]];
        return batch is null ? null : new Shape([.. batch, .. rows, .. columns]);
    }
}
