using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>
/// ONNX Runtime's MatMulNBits: A[..., K] times N columns whose weights have a few bits and a scale for each block along K; B is
/// [N, blocks, bytes of a block].
/// </summary>
internal static class MatMulNBits
{
    public static void Infer(InferenceContext c)
    {
        c.RequireRank(0, 1);
        var (k, n) = (Extent(c, "K"), Extent(c, "N"));
        if (c.ShapeOf(0) is not { } a)
        {
            c.Set(0, c.TypeOf(0), null);
            return;
        }
        if (!DimensionAlgebra.TryUnify(a[a.Rank - 1], k, out _)) throw c.Fail($"The last extent of {a} is not the attribute K = {k}.");
        c.Set(0, c.TypeOf(0), a.With(a.Rank - 1, n));
    }

    private static long Extent(InferenceContext c, string name) => c.Attributes.Int(name, 0) is > 0 and var extent
        ? extent : throw c.Fail($"The attribute {name} is {c.Attributes.Int(name, 0)}; 1 or more is expected.");
}
