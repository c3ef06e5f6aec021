namespace ServingStack.Kernels.Layout;

/// <summary>ONNX Expand (numpy broadcasting made real) and Tile of dense tensors.</summary>
public static class Expand
{
    /// <exception cref="ArgumentException">The shape cannot be broadcast to the target's.</exception>
    public static BoundKernel Bind(DataType type, nint source, long[] shape, long[] targetShape, nint target) => new StridedCopy(
        $"expand_{type.Short()}",
        type.Size(),
        source,
        target,
        IterationSpace.Create(
            targetShape, IterationSpace.BroadcastStrides(shape, targetShape), IterationSpace.DenseStrides(targetShape)));

    /// <summary>ONNX Tile: axis i is repeated <c>repeats[i]</c> times.</summary>
    public static BoundKernel BindTile(DataType type, nint source, long[] shape, long[] repeats, nint target)
    {
        // Each axis becomes two: the repetitions, along which the source stands still, and the axis itself.
        var dense = IterationSpace.DenseStrides(shape);
        var sizes = repeats.Zip(shape).SelectMany(pair => new[] { pair.First, pair.Second }).ToArray();
        long[] strides = [.. dense.SelectMany(stride => new[] { 0, stride })];
        return new StridedCopy(
            $"tile_{type.Short()}", type.Size(), source, target, IterationSpace.Create(sizes, strides, IterationSpace.DenseStrides(sizes)));
    }
}
