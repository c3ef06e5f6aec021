using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>
/// ONNX's reductions (sums, norms, extremes, means, products) with the axes as input 1, and ArgMax / ArgMin with one axis.
/// </summary>
internal static class Reduce
{
    public static void Infer(InferenceContext c) => c.Set(0, c.TypeOf(0), ShapeOf(c));

    public static void InferArg(InferenceContext c) =>
        c.Set(0, ElementType.Int64, c.ShapeOf(0) is { } x ? Drop(c, x, [c.Attributes.Int("axis", 0)]) : null);

    private static Shape? ShapeOf(InferenceContext c)
    {
        if (c.ShapeOf(0) is not { } x) return null;
        var axes = c.Has(1) ? c.NumbersOf(1) : [];
        if (axes is { Length: 0 } && c.Attributes.Int("noop_with_empty_axes", 0) != 0) return x;
        if (axes is not null) return Drop(c, x, axes.Length > 0 ? axes : [.. Enumerable.Range(0, x.Rank).Select(i => (long)i)]);
        return c.Attributes.Int("keepdims", 1) != 0 ? DimensionAlgebra.UnknownOf(x.Rank) : null;
    }

    private static Shape Drop(InferenceContext c, Shape x, long[] axes)
    {
        var reduced = axes.Select(a => c.Axis(a, x.Rank)).ToHashSet();
        return c.Attributes.Int("keepdims", 1) != 0
            ? new Shape(x.Select((d, i) => reduced.Contains(i) ? 1 : d))
            : new Shape(x.Where((_, i) => !reduced.Contains(i)));
    }
}
