using System.Runtime.InteropServices;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// B in the order tile kernels read it: blocks of 16 columns; in a block, four-byte groups of depth; in a group, 16 columns of four bytes.
/// Each tap is filled up with zeros to whole groups, the last block to 16 columns; a last group of fewer bytes ends with them, because its
/// rows are read together with the bytes before them. Bias (with what zero points contribute taken off) and scale are padded alike. The
/// layout does not depend on the tile, so every tile size can use the same panels.
/// </summary>
internal sealed class ColumnPanels : IDisposable
{
    private const int BlockColumns = 16;

    // A step of the AMX kernels takes sixteen groups, and may begin with the last one of the last block.
    private const int ReadableBehind = 15 * 64;

    private readonly NativeBuffer _memory;
    private readonly int _panelBytes;
    private readonly int _scaleOffset;
    private readonly int _biasOffset;
    private readonly PairLists? _remainder;

    /// <param name="b">K x N, row-major.</param>
    /// <param name="columns">N.</param>
    /// <param name="taps">Pieces that a row of A is cut into; each is padded by itself.</param>
    /// <param name="tapElements">Elements of one piece; K is <c>taps * tapElements</c>.</param>
    /// <param name="weights">Bias and scale, and the zero point to take off.</param>
    /// <param name="channels">Which of the weights' output channels the columns are.</param>
    /// <param name="tapBytes">Bytes that are read of a piece, when these are more than its elements; otherwise 0.</param>
    /// <param name="level">Of the kernels that read the panels; the machine's when null.</param>
    /// <param name="pairs">For how long products of bytes are added up in 16 bits.</param>
    public ColumnPanels(
        ReadOnlySpan<byte> b, int columns, int taps, int tapElements, TileArithmetic arithmetic, GemmWeights weights, Range channels,
        int tapBytes = 0, PairPlan pairs = default, InstructionSet? level = null)
    {
        Columns = columns;
        Blocks = (columns + BlockColumns - 1) / BlockColumns;
        var groupElements = arithmetic == TileArithmetic.Floats ? 1 : 4;
        var tapGroups = (tapElements + groupElements - 1) / groupElements;
        _panelBytes = taps * tapGroups * BlockColumns * 4;
        _biasOffset = checked(Blocks * _panelBytes);
        _scaleOffset = _biasOffset + (Blocks * BlockColumns * sizeof(float));
        _memory = new NativeBuffer(_scaleOffset + (Blocks * BlockColumns * sizeof(float)) + ReadableBehind);

        if (arithmetic == TileArithmetic.Floats)
        {
            PackFloats(MemoryMarshal.Cast<byte, float>(b));
            Copy(weights.Bias.Span, channels, _memory.Span<float>(_biasOffset, columns));
            return;
        }
        if (tapBytes == 0) tapBytes = tapElements;
        JoinsTail = (level ?? MachineFeatures.Current.InstructionSet) < InstructionSet.Avx512Amx;
        PackBytes(b, taps, tapElements, tapGroups, shift: JoinsTail && tapBytes > 4 && tapBytes % 4 > 0 ? 4 - (tapBytes % 4) : 0);
        Interval = pairs.Interval(_memory.Span<byte>(0, _biasOffset), Blocks, taps, tapBytes);
        if (Interval > 0)
        {
            var split = new PairSplit(_memory.Span<byte>(0, _biasOffset), Blocks, taps, tapBytes, Interval);
            if (split.Entries > 0) _remainder = new PairLists(split.Lists);
        }
        Copy(weights.IntegerBias.Span, channels, _memory.Span<int>(_biasOffset, columns));
        Copy(weights.Scale.Span, channels, _memory.Span<float>(_scaleOffset, columns));
        LargestResult = Bound(b, weights, channels);
        TakeOffZeroPoint(b, weights.ZeroPointA + (arithmetic == TileArithmetic.SignedBytes ? 128 : 0));
    }

    public int Columns { get; }

    /// <summary>What a scaled sum cannot exceed in magnitude, whatever the bytes of A; infinite for floats.</summary>
    public float LargestResult { get; } = float.PositiveInfinity;

    /// <summary>Steps that are added up in 16 bits; 0 when none are.</summary>
    public int Interval { get; }

    /// <summary>
    /// The last bytes of a piece, when fewer than four, end their group; AMX reads whole pieces from their beginning instead.
    /// </summary>
    public bool JoinsTail { get; }

    /// <summary>Some weights are in lists of <see cref="PairSplit"/>.</summary>
    public bool HasRemainder => _remainder is not null;

    /// <summary>Blocks of 16 columns.</summary>
    public int Blocks { get; }

    /// <summary>Bytes of all packed columns.</summary>
    public int ByteLength => _biasOffset;

    public nint Block(int block) => _memory.Address + ((nint)block * _panelBytes);

    public nint Bias(int block) => _memory.Address + _biasOffset + (block * BlockColumns * sizeof(int));

    public nint Scale(int block) => _memory.Address + _scaleOffset + (block * BlockColumns * sizeof(float));

    /// <summary>The addresses of the lists of a block and the ones after it; 0 when there are none.</summary>
    public nint RemainderTable(int block) => _remainder?.Table(block) ?? 0;

    public void Dispose()
    {
        _memory.Dispose();
        _remainder?.Dispose();
    }

    private void PackFloats(ReadOnlySpan<float> b)
    {
        var packed = _memory.Span<float>(0, _biasOffset / sizeof(float));
        var depth = b.Length / Columns;
        for (var k = 0; k < depth; k++)
            for (var n = 0; n < Columns; n++)
                packed[(((n / BlockColumns * depth) + k) * BlockColumns) + (n % BlockColumns)] = b[(k * Columns) + n];
    }

    private void PackBytes(ReadOnlySpan<byte> b, int taps, int tapElements, int tapGroups, int shift)
    {
        var packed = _memory.Span<byte>(0, _biasOffset);
        for (var tap = 0; tap < taps; tap++)
            for (var element = 0; element < tapElements; element++)
            {
                var row = b.Slice(((tap * tapElements) + element) * Columns, Columns);
                var group = ((tap * tapGroups) + (element / 4)) * BlockColumns * 4;
                var at = (element % 4) + (element >= tapElements / 4 * 4 ? shift : 0);
                for (var n = 0; n < Columns; n++)
                    packed[(n / BlockColumns * _panelBytes) + group + (n % BlockColumns * 4) + at] = row[n];
            }
    }

    private void TakeOffZeroPoint(ReadOnlySpan<byte> b, int zeroPoint)
    {
        if (zeroPoint == 0) return;
        var bias = _memory.Span<int>(_biasOffset, Columns);
        for (var at = 0; at < b.Length; at += Columns)
            for (var n = 0; n < Columns; n++)
                bias[n] -= zeroPoint * (sbyte)b[at + n];
    }

    private float Bound(ReadOnlySpan<byte> b, GemmWeights weights, Range channels)
    {
        if (weights.Scale.IsEmpty) return float.PositiveInfinity;
        // Bytes of A without their zero point are at most 255 apart from it, weights at most 128.
        var sums = (float)(b.Length / Columns) * 255 * 128;
        var bias = weights.IntegerBias.IsEmpty ? 0 : Largest(weights.IntegerBias.Span[channels], x => MathF.Abs(x));
        return (sums + bias) * Largest(weights.Scale.Span[channels], MathF.Abs);
    }

    private static float Largest<T>(ReadOnlySpan<T> values, Func<T, float> magnitude)
    {
        var largest = 0f;
        foreach (var value in values) largest = MathF.Max(largest, magnitude(value));
        return largest;
    }

    private static void Copy<T>(ReadOnlySpan<T> source, Range channels, Span<T> destination)
    {
        if (!source.IsEmpty) source[channels].CopyTo(destination);
    }
}
