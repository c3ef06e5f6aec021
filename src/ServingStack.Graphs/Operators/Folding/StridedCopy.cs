namespace ServingStack.Graphs.Operators.Folding;

/// <summary>Copies elements to a dense row-major tensor from any strided walk over another: transposes, slices, broadcasts.</summary>
internal static class StridedCopy
{
    /// <summary>The row-major strides of extents, in elements.</summary>
    public static long[] Strides(ReadOnlySpan<long> extents)
    {
        var strides = new long[extents.Length];
        var step = 1L;
        for (var i = extents.Length - 1; i >= 0; i--, step *= extents[i + 1]) strides[i] = step;
        return strides;
    }

    /// <summary>The strides that read <paramref name="from"/> as if it were broadcast to <paramref name="to"/>.</summary>
    public static long[] BroadcastStrides(long[] from, long[] to)
    {
        var own = Strides(from);
        var strides = new long[to.Length];
        for (var i = 1; i <= from.Length; i++) strides[^i] = from[^i] == 1 ? 0 : own[^i];
        return strides;
    }

    /// <summary>Null for elements that are no whole bytes.</summary>
    public static Tensor? Run(Tensor source, long[] extents, long[] strides, long offset = 0)
    {
        var size = source.ElementType.BitsOf() / 8;
        if (size == 0) return null;
        var bytes = new byte[source.ElementType.BytesFor(extents.Aggregate(1L, (p, e) => checked(p * e)))];
        if (bytes.Length > 0) Copy(source.Bytes.Span, bytes, extents, strides, offset, size);
        return new Tensor(source.ElementType, extents, bytes);
    }

    private static void Copy(ReadOnlySpan<byte> source, Span<byte> target, long[] extents, long[] strides, long offset, int size)
    {
        var index = new long[extents.Length];
        for (var at = 0; at < target.Length; at += size)
        {
            source.Slice((int)(offset * size), size).CopyTo(target[at..]);
            for (var axis = extents.Length - 1; axis >= 0; axis--)
            {
                offset += strides[axis];
                if (++index[axis] < extents[axis]) break;
                offset -= strides[axis] * extents[axis];
                index[axis] = 0;
            }
        }
    }
}
