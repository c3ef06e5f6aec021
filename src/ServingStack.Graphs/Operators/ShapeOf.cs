using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>ONNX Shape and Size: where extents become data.</summary>
internal static class ShapeOf
{
    public static void Infer(InferenceContext c)
    {
        if (Extents(c) is not { } extents)
        {
            c.Set(0, ElementType.Int64, new Shape(Dimension.Unknown));
            return;
        }
        c.Set(0, ElementType.Int64, Shape.Of(extents.Length));
        c.SetIntegers(0, SymbolicIntegers.Vector(extents.Select(SymbolicInteger.Of)));
    }

    public static void InferSize(InferenceContext c)
    {
        c.Set(0, ElementType.Int64, Shape.Scalar);
        if (c.ShapeOf(0) is { } x) c.SetIntegers(0, SymbolicIntegers.Scalar(SymbolicInteger.Of(x.Product())));
    }

    private static Dimension[]? Extents(InferenceContext c)
    {
        if (c.ShapeOf(0) is not { } x) return null;
        var start = Bound(c.Attributes.Int("start", 0), x.Rank);
        var end = Bound(c.Attributes.Int("end", x.Rank), x.Rank);
        return start < end ? [.. x.Skip(start).Take(end - start)] : [];
    }

    private static int Bound(long axis, int rank) => (int)Math.Clamp(axis < 0 ? axis + rank : axis, 0, rank);
}
