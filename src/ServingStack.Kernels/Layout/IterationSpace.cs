namespace ServingStack.Kernels.Layout;

/// <summary>
/// An index space of any rank and, for every operand, the element stride of each axis. Axes of size 1 are dropped, and neighbouring axes
/// that every operand walks as one are merged; so a same-shape operation has one axis, and the last axis (the row) is as long as it can be.
/// </summary>
internal sealed class IterationSpace
{
    /// <summary>What <see cref="Cursor"/> has room for.</summary>
    public const int MaxOperands = 4;
    public const int MaxRank = 12;

    private readonly long[][] _strides;

    private IterationSpace(long[] sizes, long[][] strides)
    {
        if (sizes.Length > MaxRank) throw new NotSupportedException($"A tensor of rank {sizes.Length}: expected {MaxRank} or less.");
        Sizes = sizes;
        _strides = strides;
        Rows = Product(sizes.AsSpan(0, sizes.Length - 1));
    }

    /// <summary>Sizes of the merged axes, outermost first; at least one axis.</summary>
    public long[] Sizes { get; }

    /// <summary>The length of the innermost axis.</summary>
    public long RowLength => Sizes[^1];

    /// <summary>How many rows there are.</summary>
    public long Rows { get; }

    public long Count => Rows * RowLength;

    public int Operands => _strides.Length;

    public ReadOnlySpan<long> Strides(int operand) => _strides[operand];

    public long RowStride(int operand) => _strides[operand][^1];

    public static IterationSpace Create(ReadOnlySpan<long> sizes, params long[][] strides)
    {
        var mergedSizes = new List<long>();
        var merged = strides.Select(_ => new List<long>()).ToArray();
        for (var axis = 0; axis < sizes.Length; axis++)
        {
            if (sizes[axis] == 1) continue;
            var joins = mergedSizes.Count > 0;
            for (var o = 0; o < strides.Length && joins; o++) joins = merged[o][^1] == strides[o][axis] * sizes[axis];
            if (joins) mergedSizes[^1] *= sizes[axis];
            else mergedSizes.Add(sizes[axis]);
            for (var o = 0; o < strides.Length; o++)
            {
                if (joins) merged[o][^1] = strides[o][axis];
                else merged[o].Add(strides[o][axis]);
            }
        }

        if (mergedSizes.Count == 0)
        {
            mergedSizes.Add(1);
            foreach (var list in merged) list.Add(1);
        }

        return new([.. mergedSizes], [.. merged.Select(list => list.ToArray())]);
    }

    /// <summary>The axes but <paramref name="axis"/> and the innermost; a row is one element, so rows count what is left.</summary>
    public IterationSpace Without(int axis)
    {
        var last = Sizes.Length - 1;
        long[] Rest(long[] values, long row) => [.. values.Where((_, i) => i != axis && i != last), row];
        return new(Rest(Sizes, 1), [.. _strides.Select(strides => Rest(strides, 1))]);
    }

    /// <summary>Element strides of a dense row-major tensor.</summary>
    public static long[] DenseStrides(ReadOnlySpan<long> shape)
    {
        var strides = new long[shape.Length];
        long stride = 1;
        for (var axis = shape.Length - 1; axis >= 0; axis--)
        {
            strides[axis] = stride;
            stride *= shape[axis];
        }

        return strides;
    }

    /// <summary>
    /// Strides with which a dense tensor of <paramref name="shape"/> is read as if it had <paramref name="target"/>'s shape (numpy's
    /// rules: shapes are aligned at the last axis, size 1 stretches with stride 0).
    /// </summary>
    public static long[] BroadcastStrides(ReadOnlySpan<long> shape, ReadOnlySpan<long> target)
    {
        if (shape.Length > target.Length) throw Mismatch(shape, target);
        var dense = DenseStrides(shape);
        var strides = new long[target.Length];
        var missing = target.Length - shape.Length;
        for (var axis = 0; axis < shape.Length; axis++)
        {
            if (shape[axis] != 1 && shape[axis] != target[axis + missing]) throw Mismatch(shape, target);
            strides[axis + missing] = shape[axis] == 1 ? 0 : dense[axis];
        }

        return strides;
    }

    public static long Product(ReadOnlySpan<long> sizes)
    {
        long product = 1;
        foreach (var size in sizes) product = checked(product * size);
        return product;
    }

    private static ArgumentException Mismatch(ReadOnlySpan<long> shape, ReadOnlySpan<long> target) =>
        new($"Shape [{string.Join(", ", shape.ToArray())}] cannot be broadcast to [{string.Join(", ", target.ToArray())}]: " +
            "each axis, counted from the last, must be 1 or equal.");
}
