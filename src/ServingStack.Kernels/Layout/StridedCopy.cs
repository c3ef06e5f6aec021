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
    private readonly delegate*<byte*, long, byte*, long, long, void> _row;

    public StridedCopy(string name, int elementSize, nint source, nint target, IterationSpace space)
    {
        KernelName = name;
        (_source, _target, _elementSize, _space) = (source, target, elementSize, space);
        _row = RowFor(elementSize, space.RowStride(0), space.RowStride(1));
        MaxParts = PartRange.MaxParts(space.Rows, space.Count * elementSize * 2);
    }

    public override string KernelName { get; }

    public override int MaxParts { get; }

    public override void Run(int part, int parts)
    {
        var range = PartRange.Of(_space.Rows, part, parts);
        if (_space.RowLength == 0) return;
        var cursor = new Cursor(_space, range.Start);
        for (var row = range.Start; row < range.End; row++, cursor.Next(_space))
        {
            _row(
                (byte*)_source + (cursor.Offset(0) * _elementSize),
                _space.RowStride(0),
                (byte*)_target + (cursor.Offset(1) * _elementSize),
                _space.RowStride(1),
                _space.RowLength);
        }
    }

    private static delegate*<byte*, long, byte*, long, long, void> RowFor(int elementSize, long sourceStride, long targetStride)
    {
        var dense = sourceStride == 1 && targetStride == 1;
        return elementSize switch
        {
            1 => dense ? &CopyDense<byte> : &CopyStrided<byte>,
            2 => dense ? &CopyDense<ushort> : &CopyStrided<ushort>,
            4 => dense ? &CopyDense<uint> : &CopyStrided<uint>,
            8 => dense ? &CopyDense<ulong> : &CopyStrided<ulong>,
            _ => throw new NotSupportedException($"Elements of {elementSize} bytes cannot be copied: expected 1, 2, 4 or 8."),
        };
    }

    private static void CopyDense<T>(byte* source, long sourceStride, byte* target, long targetStride, long count)
        where T : unmanaged => BlockCopy.Run(source, target, count * sizeof(T));

    private static void CopyStrided<T>(byte* source, long sourceStride, byte* target, long targetStride, long count)
        where T : unmanaged
    {
        var from = (T*)source;
        var to = (T*)target;
        for (; count > 0; count--, from += sourceStride, to += targetStride) *to = *from;
    }
}
