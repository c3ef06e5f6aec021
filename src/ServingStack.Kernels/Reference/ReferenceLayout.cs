using ServingStack.Kernels.Layout;

namespace ServingStack.Kernels.Reference;

/// <summary>Operators that move elements: for every index of the result, the index that is read.</summary>
internal static class ReferenceLayout
{
    public static T[] Transpose<T>(T[] x, long[] shape, int[] permutation) =>
        Move(x, shape, [.. permutation.Select(axis => shape[axis])], index =>
        {
            var source = new long[shape.Length];
            for (var axis = 0; axis < shape.Length; axis++) source[permutation[axis]] = index[axis];
            return source;
        });

    public static T[] Slice<T>(T[] x, long[] shape, long[] starts, long[] steps, long[] sizes) =>
        Move(x, shape, sizes, index => [.. index.Select((i, axis) => starts[axis] + (i * steps[axis]))]);

    public static T[] Expand<T>(T[] x, long[] shape, long[] target) =>
        [.. ReferenceTensor.Indices(target).Select(index => x[ReferenceTensor.FlatBroadcast(index, shape)])];

    public static T[] Tile<T>(T[] x, long[] shape, long[] repeats) =>
        Move(x, shape, [.. shape.Zip(repeats, (size, repeat) => size * repeat)], index => [.. index.Select((i, axis) => i % shape[axis])]);

    public static T[] Concat<T>(T[][] inputs, long[][] shapes, int axis)
    {
        long[] whole = [.. shapes[0]];
        whole[axis] = shapes.Sum(shape => shape[axis]);
        return [.. ReferenceTensor.Indices(whole).Select(index => Pick(inputs, shapes, index, axis))];
    }

    public static T[] Pad<T>(T[] x, long[] shape, long[] before, long[] after, PadMode mode, T value)
    {
        long[] target = [.. shape.Select((size, axis) => size + before[axis] + after[axis])];
        return [.. ReferenceTensor.Indices(target).Select(index =>
        {
            long[] source = [.. index.Select((i, axis) => Inside(i - before[axis], shape[axis], mode))];
            return source.Contains(-1) ? value : x[ReferenceTensor.Flat(source, shape)];
        })];
    }

    private static T[] Move<T>(T[] x, long[] shape, long[] target, Func<long[], long[]> sourceOf) =>
        [.. ReferenceTensor.Indices(target).Select(index => x[ReferenceTensor.Flat(sourceOf(index), shape)])];

    private static T Pick<T>(T[][] inputs, long[][] shapes, long[] index, int axis)
    {
        var position = (long[])index.Clone();
        for (var i = 0; ; i++)
        {
            if (position[axis] < shapes[i][axis]) return inputs[i][ReferenceTensor.Flat(position, shapes[i])];
            position[axis] -= shapes[i][axis];
        }
    }

    /// <summary>Walks back into the axis step by step; -1 where a constant stands.</summary>
    private static long Inside(long i, long length, PadMode mode)
    {
        while (i < 0 || i >= length)
        {
            if (mode == PadMode.Constant) return -1;
            if (mode == PadMode.Edge || length == 1) i = i < 0 ? 0 : length - 1;
            else if (mode == PadMode.Reflect) i = i < 0 ? -i : (2 * (length - 1)) - i;
            else i += i < 0 ? length : -length;
        }

        return i;
    }
}
