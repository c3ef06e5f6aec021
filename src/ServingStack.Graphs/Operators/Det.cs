using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>ONNX Det: the determinants of the innermost matrices.</summary>
internal static class Det
{
    public static void Infer(InferenceContext c)
    {
        c.RequireRank(0, 2);
        c.Set(0, c.TypeOf(0), c.ShapeOf(0) is { } x ? new Shape(x.Take(x.Rank - 2)) : null);
    }
}
