using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>
/// ONNX Slice: from <c>starts</c> to <c>ends</c> in <c>steps</c>; negative numbers count from the end, far ones are clamped.
/// </summary>
internal static class Slice
{
    public static void Infer(InferenceContext c)
    {
        c.Set(0, c.TypeOf(0), c.ShapeOf(0) is { } x ? ShapeOf(c, x) : null);
    }

    public static void Propagate(InferenceContext c)
    {
        if (c.Input(0).Integers is not { IsScalar: false } data || Bounds(c, 1) is not { } bounds) return;
        var items = data.Items;
        if (bounds is [var only] && only is { Start.Number: { } start, End.Number: { } end, Step: { } step })
        {
            var (first, count) = Range(items.Length, start, end, step);
            items = [.. Enumerable.Range(0, (int)count).Select(i => data.Items[first + (i * step)])];
        }
        else if (bounds.Length > 0) return;
        c.SetIntegers(0, SymbolicIntegers.Vector(items));
    }

    /// <summary>The first index and the number of elements of a slice of one axis.</summary>
    public static (long First, long Count) Range(long extent, long start, long end, long step)
    {
        if (step == 0) throw new InvalidOperationException("A step of Slice is 0.");
        start = start < 0 ? Math.Max(start, -extent - 1) + extent : start;
        end = end < 0 ? Math.Max(end, -extent - 1) + extent : end;
        start = step > 0 ? Math.Clamp(start, 0, extent) : Math.Clamp(start, -1, extent - 1);
        end = step > 0 ? Math.Clamp(end, 0, extent) : Math.Clamp(end, -1, extent - 1);
        var room = step > 0 ? end - start : start - end;
        var stride = step == long.MinValue ? long.MaxValue : Math.Abs(step);
        return (start, room <= 0 ? 0 : ((room - 1) / stride) + 1);
    }

    /// <summary>What is known of the slice of each axis named; null when not even the axes are known.</summary>
    public static (int Axis, SymbolicInteger Start, SymbolicInteger End, long? Step)[]? Bounds(InferenceContext c, int rank)
    {
        var count = c.IntegersOf(1)?.Length ?? c.IntegersOf(2)?.Length ?? (c.ShapeOf(1) is [{ IsFixed: true } n] ? (int)n.Value : -1);
        var axes = c.Has(3) ? c.NumbersOf(3) : count < 0 ? null : [.. Enumerable.Range(0, count).Select(i => (long)i)];
        if (axes is null) return null;
        return [.. axes.Select((axis, i) => (c.Axis(axis, rank), At(c, 1, i), At(c, 2, i), c.Has(4) ? At(c, 4, i).Number : 1))];
    }

    private static SymbolicInteger At(InferenceContext c, int input, int i) =>
        c.IntegersOf(input) is not { } items ? SymbolicInteger.Unknown
        : i < items.Length ? items[i] : throw c.Fail($"Input {input} has {items.Length} entries, fewer than there are axes.");

    private static Shape? ShapeOf(InferenceContext c, Shape x)
    {
        if (Bounds(c, x.Rank) is not { } bounds) return DimensionAlgebra.UnknownOf(x.Rank);
        var extents = x.ToArray();
        foreach (var (axis, start, end, step) in bounds) extents[axis] = Extent(extents[axis], start, end, step);
        return new Shape(extents.AsSpan());
    }

    private static Dimension Extent(Dimension extent, SymbolicInteger start, SymbolicInteger end, long? step)
    {
        var whole = SymbolicInteger.Of(extent);
        if (start.Number == 0 && step == 1 && (end.Number >= int.MaxValue || (end == whole && extent != Dimension.Unknown))) return extent;
        if (start.Number is not { } s || end.Number is not { } e || step is not { } by) return Dimension.Unknown;
        if (extent.IsFixed) return Range(extent.Value, s, e, by).Count;
        // Counted from the end on both sides, the extent does not matter as long as it is large enough; that is not known.
        return Dimension.Unknown;
    }
}
