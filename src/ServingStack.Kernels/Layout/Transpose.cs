using System.Numerics;
using ServingStack.Kernels.Parallel;

namespace ServingStack.Kernels.Layout;

/// <summary>
/// ONNX Transpose of dense tensors of any rank; NCHW to NHWC and back are the permutations 0,2,3,1 and 0,3,1,2. Source and target must not
/// overlap.
/// </summary>
public static class Transpose
{
    /// <param name="shape">The source's shape.</param>
    /// <param name="permutation">Target axis i is source axis <c>permutation[i]</c>.</param>
    public static BoundKernel Bind(DataType type, nint source, long[] shape, int[] permutation, nint target)
    {
        if (!permutation.Order().SequenceEqual(Enumerable.Range(0, shape.Length)))
            throw new ArgumentException($"[{string.Join(", ", permutation)}] is not a permutation of the {shape.Length} axes.");
        var dense = IterationSpace.DenseStrides(shape);
        long[] sizes = [.. permutation.Select(axis => shape[axis])];
        var space = IterationSpace.Create(
            sizes, [.. permutation.Select(axis => dense[axis])], IterationSpace.DenseStrides(sizes));
        var name = $"transpose_{type.Short()}";
        return InnermostOfSource(space) is { } axis
            ? Tiled(name, type.Size(), source, target, space, axis)
            : new StridedCopy(name, type.Size(), source, target, space);
    }

    /// <summary>NCHW to NHWC, <paramref name="pixels"/> = height x width.</summary>
    public static BoundKernel BindToChannelsLast(DataType type, nint source, long batch, long channels, long pixels, nint target) =>
        Bind(type, source, [batch, channels, pixels], [0, 2, 1], target);

    /// <summary>NHWC to NCHW, <paramref name="pixels"/> = height x width.</summary>
    public static BoundKernel BindToChannelsFirst(DataType type, nint source, long batch, long channels, long pixels, nint target) =>
        Bind(type, source, [batch, pixels, channels], [0, 2, 1], target);

    /// <summary>The axis along which the source is contiguous, when that is not the target's innermost axis.</summary>
    private static int? InnermostOfSource(IterationSpace space)
    {
        var axis = space.Strides(0).IndexOf(1);
        return axis >= 0 && axis < space.Sizes.Length - 1 ? axis : null;
    }

    private static BoundKernel Tiled(string name, int size, nint source, nint target, IterationSpace space, int axis) => size switch
    {
        1 => new Kernel<byte>(name, source, target, space, axis),
        2 => new Kernel<ushort>(name, source, target, space, axis),
        4 => new Kernel<uint>(name, source, target, space, axis),
        _ => new Kernel<ulong>(name, source, target, space, axis),
    };

    /// <summary>Transposes of matrices, contiguous axis of source x contiguous axis of target, one per index of the others.</summary>
    private sealed unsafe class Kernel<T> : BoundKernel
        where T : unmanaged, IBinaryInteger<T>
    {
        // Whole tiles and whole cache lines to a part.
        private const int RowsPerBlock = 256;

        private readonly nint _source;
        private readonly nint _target;
        private readonly IterationSpace _outer;
        private readonly long _rows;
        private readonly long _columns;
        private readonly long _sourceStride;
        private readonly long _targetStride;
        private readonly long _blocks;

        public Kernel(string name, nint source, nint target, IterationSpace space, int axis)
        {
            KernelName = name;
            (_source, _target) = (source, target);
            (_rows, _columns) = (space.Sizes[axis], space.RowLength);
            (_sourceStride, _targetStride) = (space.RowStride(0), space.Strides(1)[axis]);
            _outer = space.Without(axis);
            _blocks = (_rows + RowsPerBlock - 1) / RowsPerBlock;
            MaxParts = PartRange.MaxParts(_outer.Rows * _blocks, space.Count * sizeof(T) * 2);
        }

        public override string KernelName { get; }

        public override int MaxParts { get; }

        public override void Run(int part, int parts)
        {
            var range = PartRange.Of(_outer.Rows * _blocks, part, parts);
            if (range.Start >= range.End) return;
            var cursor = new Cursor(_outer, range.Start / _blocks);
            var block = range.Start % _blocks;
            for (var i = range.Start; i < range.End; i++)
            {
                var row = block * RowsPerBlock;
                var source = (T*)_source + cursor.Offset(0) + row;
                var target = (T*)_target + cursor.Offset(1) + (row * _targetStride);
                MatrixTranspose.Run(source, _sourceStride, target, _targetStride, Math.Min(RowsPerBlock, _rows - row), _columns);
                if (++block < _blocks) continue;
                block = 0;
                cursor.Next(_outer);
            }
        }
    }
}
