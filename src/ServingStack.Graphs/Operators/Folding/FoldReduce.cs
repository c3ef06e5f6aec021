using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators.Folding;

/// <summary>Evaluates reductions and ranges of constants, as shape computations use them.</summary>
internal static class FoldReduce
{
    public static Func<InferenceContext, Tensor?> By(double start, Func<double, double, double> combine, bool mean = false) => c =>
    {
        var x = c.DataOf(0)!;
        if (!x.ElementType.IsFloat() && !x.ElementType.IsInteger()) return null;
        var axes = (c.Has(1) ? c.NumbersOf(1)! : []).Select(a => c.Axis(a, x.Rank)).ToHashSet();
        if (axes.Count == 0 && c.Attributes.Int("noop_with_empty_axes", 0) != 0) return x;
        var kept = StridedCopy.Strides([.. x.Dimensions.Select((e, i) => IsReduced(axes, i) ? 1 : e)]);
        var strides = kept.Select((s, i) => IsReduced(axes, i) ? 0 : s).ToArray();
        var count = c.Outputs[0].Shape!.ElementCount;
        var result = Enumerable.Repeat(start, (int)count).ToArray();
        Accumulate(Numbers.ToDoubles(x), x.Dimensions, strides, result, combine);
        if (mean) result = Array.ConvertAll(result, v => v * count / x.ElementCount);
        return Array.Exists(result, v => Math.Abs(v) > 1L << 53) ? null
            : Numbers.FromDoubles(x.ElementType, result, c.Outputs[0].Shape!.ToFixed());
    };

    public static Tensor? Range(InferenceContext c)
    {
        var (start, delta) = (c.DataOf(0)!, c.DataOf(2)!);
        if (start.ElementType is not (ElementType.Int64 or ElementType.Int32)) return null;
        var count = (int)c.Outputs[0].Shape!.ElementCount;
        return Numbers.FromLongs(start.ElementType, [.. Enumerable.Range(0, count).Select(i =>
            start.ToInt64s()[0] + (i * delta.ToInt64s()[0]))], [count]);
    }

    private static bool IsReduced(HashSet<int> axes, int axis) => axes.Count == 0 || axes.Contains(axis);

    private static void Accumulate(double[] x, long[] extents, long[] strides, double[] result, Func<double, double, double> combine)
    {
        var index = new long[extents.Length];
        foreach (var value in x)
        {
            var at = 0L;
            for (var axis = 0; axis < index.Length; axis++) at += index[axis] * strides[axis];
            result[at] = combine(result[at], value);
            for (var axis = extents.Length - 1; axis >= 0 && ++index[axis] == extents[axis]; axis--) index[axis] = 0;
        }
    }
}
