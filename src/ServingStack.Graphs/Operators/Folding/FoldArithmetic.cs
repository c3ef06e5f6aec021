using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators.Folding;

/// <summary>Evaluates elementwise operators on constants.</summary>
internal static class FoldArithmetic
{
    public static Func<InferenceContext, Tensor?> Unary(Func<double, double> ofDouble, Func<long, long>? ofLong = null) => c =>
    {
        var x = c.DataOf(0)!;
        return x.ElementType.IsFloat() ? Numbers.FromDoubles(x.ElementType, Array.ConvertAll(Numbers.ToDoubles(x), v => ofDouble(v)),
            x.Dimensions)
            : x.ElementType.IsInteger() && ofLong is not null
                ? Numbers.FromLongs(x.ElementType, Array.ConvertAll(x.ToInt64s(), v => ofLong(v)), x.Dimensions)
            : null;
    };

    public static Func<InferenceContext, Tensor?> Binary(Func<double, double, double> ofDouble, Func<long, long, long>? ofLong = null) =>
        c =>
    {
        var (a, b) = Broadcast(c);
        if (a is null || b is null || a.ElementType != b.ElementType) return null;
        return a.ElementType.IsFloat() ? Numbers.FromDoubles(a.ElementType,
            [.. Numbers.ToDoubles(a).Zip(Numbers.ToDoubles(b), ofDouble)], a.Dimensions)
            : a.ElementType.IsInteger() && ofLong is not null
                ? Numbers.FromLongs(a.ElementType, [.. a.ToInt64s().Zip(b.ToInt64s(), ofLong)], a.Dimensions)
            : null;
    };

    public static Func<InferenceContext, Tensor?> Compare(Func<double, double, bool> ofDouble, Func<long, long, bool> ofLong) => c =>
    {
        var (a, b) = Broadcast(c);
        if (a is null || b is null || a.ElementType != b.ElementType) return null;
        var result = a.ElementType.IsFloat() ? Numbers.ToDoubles(a).Zip(Numbers.ToDoubles(b), ofDouble)
            : a.ElementType.IsInteger() ? a.ToInt64s().Zip(b.ToInt64s(), ofLong)
            : null;
        return result is null ? null : Tensor.From<bool>([.. result], a.Dimensions);
    };

    public static Tensor? Where(InferenceContext c)
    {
        var extents = c.Outputs[0].Shape!.ToFixed();
        var (condition, x, y) = (ExpandTo(c.DataOf(0)!, extents), ExpandTo(c.DataOf(1)!, extents), ExpandTo(c.DataOf(2)!, extents));
        if (condition is null || x is null || y is null) return null;
        var size = x.ElementType.BitsOf() / 8;
        var bytes = y.Bytes.ToArray();
        for (var i = 0; i < condition.ElementCount; i++)
            if (condition.Bytes.Span[i] != 0) x.Bytes.Span.Slice(i * size, size).CopyTo(bytes.AsSpan(i * size));
        return new Tensor(x.ElementType, extents, bytes);
    }

    /// <summary>
    /// Between numbers of known exact meaning; floats to integers only where every value fits, because ONNX leaves the rest open.
    /// </summary>
    public static Tensor? Cast(InferenceContext c)
    {
        var (x, to) = (c.DataOf(0)!, c.Outputs[0].ElementType);
        if (x.ElementType == to) return x;
        if (x.ElementType.IsInteger() && to.IsInteger())
            return Numbers.FromLongs(to, x.ToInt64s(), x.Dimensions);
        if (!(x.ElementType.IsFloat() || x.ElementType.IsInteger() || x.ElementType == ElementType.BFloat16) || !(to.IsFloat() || to.IsInteger())) return null;
        var values = Numbers.ToDoubles(x);
        return to.IsInteger() && Array.Exists(values, v => !(Math.Abs(v) < int.MaxValue)) ? null
            : Numbers.FromDoubles(to, values, x.Dimensions);
    }

    private static (Tensor? A, Tensor? B) Broadcast(InferenceContext c)
    {
        var extents = c.Outputs[0].Shape!.ToFixed();
        return c.InputCount == 2 ? (ExpandTo(c.DataOf(0)!, extents), ExpandTo(c.DataOf(1)!, extents)) : (null, null);
    }

    private static Tensor? ExpandTo(Tensor x, long[] extents) =>
        StridedCopy.Run(x, extents, StridedCopy.BroadcastStrides(x.Dimensions, extents));
}
