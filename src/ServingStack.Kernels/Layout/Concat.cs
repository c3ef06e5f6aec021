using ServingStack.Kernels.Parallel;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Layout;

/// <summary>
/// ONNX Concat and Split: dense tensors that share all axes but one are laid side by side along it, or taken apart again. Both are rows
/// of chunks: everything from the axis inwards is one chunk of bytes.
/// </summary>
public static class Concat
{
    /// <summary>Joins <paramref name="inputs"/> along <paramref name="axis"/> (0-based) into <paramref name="output"/>.</summary>
    /// <param name="shapes">The inputs' shapes, equal but for the axis.</param>
    public static BoundKernel Bind(DataType type, nint[] inputs, long[][] shapes, int axis, nint output) =>
        new Chunks($"concat_{type.Short()}", inputs, ChunkBytes(type, shapes, axis), output, Rows(shapes, axis), join: true);

    /// <summary>ONNX Split: takes <paramref name="input"/> apart along <paramref name="axis"/> into outputs of the given shapes.</summary>
    public static BoundKernel BindSplit(DataType type, nint input, nint[] outputs, long[][] shapes, int axis) =>
        new Chunks($"split_{type.Short()}", outputs, ChunkBytes(type, shapes, axis), input, Rows(shapes, axis), join: false);

    private static long[] ChunkBytes(DataType type, long[][] shapes, int axis) =>
        [.. shapes.Select(shape => IterationSpace.Product(shape.AsSpan(axis)) * type.Size())];

    private static long Rows(long[][] shapes, int axis)
    {
        var rows = IterationSpace.Product(shapes[0].AsSpan(0, axis));
        var odd = Array.FindIndex(shapes, shape => shape.Length != shapes[0].Length ||
            IterationSpace.Product(shape.AsSpan(0, axis)) != rows ||
            IterationSpace.Product(shape.AsSpan(axis + 1)) != IterationSpace.Product(shapes[0].AsSpan(axis + 1)));
        if (odd < 0) return rows;
        throw new ArgumentException(
            $"Shape {odd}, [{string.Join(", ", shapes[odd])}], differs from [{string.Join(", ", shapes[0])}] outside axis {axis}.");
    }

    private sealed unsafe class Chunks : BoundKernel
    {
        // Rows that share cache lines are still in the first-level cache when the next piece comes.
        private const long BytesAtOnce = 8 << 10;
        private const long CacheLine = 64;

        private readonly nint[] _pieces;
        private readonly long[] _bytes;
        private readonly nint _whole;
        private readonly long _wholeBytes;
        private readonly long _rows;
        private readonly long _rowsAtOnce;
        private readonly bool _join;

        public Chunks(string name, nint[] pieces, long[] bytes, nint whole, long rows, bool join)
        {
            KernelName = name;
            (_pieces, _bytes, _whole, _rows, _join) = (pieces, bytes, whole, rows, join);
            _wholeBytes = bytes.Sum();
            _rowsAtOnce = bytes.Min() >= CacheLine ? 1 : Math.Max(1, BytesAtOnce / Math.Max(1, _wholeBytes));
            MaxParts = PartRange.MaxParts(rows, rows * _wholeBytes * 2);
        }

        public override string KernelName { get; }

        public override int MaxParts { get; }

        public override void Run(int part, int parts)
        {
            var range = PartRange.Of(_rows, part, parts);
            if (_rowsAtOnce == 1) RunWide(range);
            else
                for (var row = range.Start; row < range.End; row += _rowsAtOnce) RunNarrow(row, Math.Min(_rowsAtOnce, range.End - row));
        }

        private void RunWide(PartRange range)
        {
            for (var row = range.Start; row < range.End; row++)
            {
                var whole = (byte*)_whole + (row * _wholeBytes);
                for (var i = 0; i < _pieces.Length; i++)
                {
                    var piece = (byte*)_pieces[i] + (row * _bytes[i]);
                    BlockCopy.Run(_join ? piece : whole, _join ? whole : piece, _bytes[i]);
                    whole += _bytes[i];
                }
            }
        }

        private void RunNarrow(long row, long rows)
        {
            var whole = (byte*)_whole + (row * _wholeBytes);
            for (var i = 0; i < _pieces.Length; i++)
            {
                var bytes = _bytes[i];
                var piece = (byte*)_pieces[i] + (row * bytes);
                if (_join) RowCopy.Run(piece, bytes, whole, _wholeBytes, bytes, rows);
                else RowCopy.Run(whole, _wholeBytes, piece, bytes, bytes, rows);
                whole += bytes;
            }
        }
    }
}
