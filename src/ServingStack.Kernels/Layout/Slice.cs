namespace ServingStack.Kernels.Layout;

/// <summary>ONNX Slice of dense tensors: along each axis, every step-th element from a start on; steps may be negative.</summary>
public static class Slice
{
    /// <param name="shape">The source's shape.</param>
    /// <param name="starts">The first index of each axis, within the axis (clamped and made positive by the caller).</param>
    /// <param name="steps">Not 0.</param>
    /// <param name="sizes">The target's shape.</param>
    public static BoundKernel Bind(DataType type, nint source, long[] shape, long[] starts, long[] steps, long[] sizes, nint target)
    {
        var dense = IterationSpace.DenseStrides(shape);
        for (var axis = 0; axis < shape.Length; axis++) Check(axis, shape[axis], starts[axis], steps[axis], sizes[axis]);
        var first = dense.Zip(starts, (stride, start) => stride * start).Sum();
        long[] strides = [.. dense.Zip(steps, (stride, step) => stride * step)];
        var space = IterationSpace.Create(sizes, strides, IterationSpace.DenseStrides(sizes));
        return new StridedCopy($"slice_{type.Short()}", type.Size(), source + (nint)(first * type.Size()), target, space);
    }

    private static void Check(int axis, long length, long start, long step, long size)
    {
        var last = start + ((size - 1) * step);
        if (size == 0 || (start >= 0 && start < length && last >= 0 && last < length && step != 0)) return;
        throw new ArgumentException($"A slice of {size} from {start} by {step} leaves axis {axis} of length {length}.");
    }
}
