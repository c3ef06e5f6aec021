using ServingStack.Kernels.Parallel;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Layout;

/// <summary>
/// Copies an index space from one stride set to another: what transpose, slice, expand and tile have in common. Strides are in elements,
/// may be zero on the source's side and negative; elements are 1, 2, 4 or 8 bytes and are never looked into. Source and target must not
/// overlap.
/// </summary>
internal sealed unsafe class StridedCopy : BoundKernel
{
    private readonly nint _source;
    private readonly nint _target;
    private readonly int _elementSize;
    private readonly IterationSpace _space;
    private readonly IterationSpace? _runs;
    private readonly delegate*<byte*, long, byte*, long, long, void> _row;

    public StridedCopy(string name, int elementSize, nint source, nint target, IterationSpace space)
    {
        KernelName = name;
        (_source, _target, _elementSize, _space) = (source, target, elementSize, space);
        _row = RowFor(elementSize);
        if (space.Sizes.Length > 1 && space.RowStride(0) == 1 && space.RowStride(1) == 1) _runs = space.Without(space.Sizes.Length - 2);
        MaxParts = PartRange.MaxParts(space.Rows, space.Count * elementSize * 2);
    }

    public override string KernelName { get; }

    public override int MaxParts { get; }

    public override void Run(int part, int parts)
    {
        var range = PartRange.Of(_space.Rows, part, parts);
        if (_space.RowLength == 0) return;
        if (_runs is not null)
        {
            RunBlocks(range);
            return;
        }
        var cursor = new Cursor(_space, range.Start);
        var (strideSource, strideTarget, bytes) = (_space.RowStride(0), _space.RowStride(1), _space.RowLength * _elementSize);
        for (var row = range.Start; row < range.End; row++, cursor.Next(_space))
        {
            var source = (byte*)_source + (cursor.Offset(0) * _elementSize);
            var target = (byte*)_target + (cursor.Offset(1) * _elementSize);
            if (strideSource == 1 && strideTarget == 1) BlockCopy.Run(source, target, bytes);
            else _row(source, strideSource, target, strideTarget, _space.RowLength);
        }
    }

    /// <summary>Rows that are dense on both sides: those of the innermost axis but one at a time.</summary>
    private void RunBlocks(PartRange range)
    {
        var axis = _space.Sizes.Length - 2;
        var length = _space.Sizes[axis];
        var (strideSource, strideTarget) = (_space.Strides(0)[axis] * _elementSize, _space.Strides(1)[axis] * _elementSize);
        var cursor = new Cursor(_runs!, range.Start / length);
        for (var row = range.Start; row < range.End; cursor.Next(_runs!))
        {
            var first = row % length;
            var rows = Math.Min(length - first, range.End - row);
            var source = (byte*)_source + (cursor.Offset(0) * _elementSize) + (first * strideSource);
            var target = (byte*)_target + (cursor.Offset(1) * _elementSize) + (first * strideTarget);
            RowCopy.Run(source, strideSource, target, strideTarget, _space.RowLength * _elementSize, rows);
            row += rows;
        }
    }

    private static delegate*<byte*, long, byte*, long, long, void> RowFor(int elementSize) => elementSize switch
    {
        1 => &CopyStrided<byte>,
        2 => &CopyStrided<ushort>,
        4 => &CopyStrided<uint>,
        8 => &CopyStrided<ulong>,
        _ => throw new NotSupportedException($"Elements of {elementSize} bytes cannot be copied: expected 1, 2, 4 or 8."),
    };

    private static void CopyStrided<T>(byte* source, long sourceStride, byte* target, long targetStride, long count)
        where T : unmanaged
    {
        var from = (T*)source;
        var to = (T*)target;
        for (; count > 0; count--, from += sourceStride, to += targetStride) *to = *from;
    }
}
