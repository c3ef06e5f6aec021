using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>Operators whose extents depend on the data: NonZero, NonMaxSuppression, Compress, Unique.</summary>
internal static class DataDependent
{
    public static void InferNonZero(InferenceContext c) =>
        c.Set(0, ElementType.Int64, new Shape(c.ShapeOf(0) is { } x ? x.Rank : Dimension.Unknown, Dimension.Unknown));

    public static void InferNonMaxSuppression(InferenceContext c) => c.Set(0, ElementType.Int64, new Shape(Dimension.Unknown, 3));

    public static void InferCompress(InferenceContext c) => c.Set(0, c.TypeOf(0), AlongAxis(c));

    public static void InferUnique(InferenceContext c)
    {
        c.Set(0, c.TypeOf(0), AlongAxis(c));
        for (var i = 1; i < c.OutputCount; i++) c.Set(i, ElementType.Int64, new Shape(Dimension.Unknown));
    }

    /// <summary>Without an axis the input is flattened.</summary>
    private static Shape? AlongAxis(InferenceContext c) =>
        !c.Attributes.Contains("axis") ? new Shape(Dimension.Unknown)
        : c.ShapeOf(0) is { } x ? x.With(c.Axis(c.Attributes.Int("axis", 0), x.Rank), Dimension.Unknown)
        : null;
}
