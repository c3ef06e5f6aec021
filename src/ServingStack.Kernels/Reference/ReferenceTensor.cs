namespace ServingStack.Kernels.Reference;

/// <summary>Multi-dimensional indices the slow way: what the layout and broadcasting kernels are compared with.</summary>
internal static class ReferenceTensor
{
    /// <summary>Every index of the shape, in row-major order.</summary>
    public static IEnumerable<long[]> Indices(long[] shape)
    {
        var count = shape.Aggregate(1L, (product, size) => product * size);
        for (long flat = 0; flat < count; flat++) yield return IndexOf(flat, shape);
    }

    /// <summary>The row-major position of an index.</summary>
    public static long Flat(long[] index, long[] shape)
    {
        long flat = 0;
        for (var axis = 0; axis < shape.Length; axis++) flat = (flat * shape[axis]) + index[axis];
        return flat;
    }

    /// <summary>The position in a tensor of that shape that numpy broadcasting reads for an index of the larger tensor.</summary>
    public static long FlatBroadcast(long[] index, long[] shape)
    {
        var tail = index[(index.Length - shape.Length)..];
        return Flat([.. tail.Select((i, axis) => shape[axis] == 1 ? 0 : i)], shape);
    }

    private static long[] IndexOf(long flat, long[] shape)
    {
        var index = new long[shape.Length];
        for (var axis = shape.Length - 1; axis >= 0; axis--)
        {
            index[axis] = flat % shape[axis];
            flat /= shape[axis];
        }

        return index;
    }
}
