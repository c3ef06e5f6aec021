using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// 4-bit weights in the order tile kernels read them: blocks of 16 columns; in a block of columns, steps of eight of depth; in a step, 16
/// columns of four bytes. The low halves of a column's bytes are the step's first four weights, the high halves its last four, so that a
/// mask and a shift give two operands of a dot product. Scales, and zero points, follow apart, 16 columns together for each block of depth.
/// Scales that binary16 holds exactly are kept so.
/// <para>
/// Bits a weight at blocks of 32, 64, 128: 4.5, 4.25, 4.125 with binary16 scales; 5, 4.5, 4.25 with binary32 scales; zero points add 0.25,
/// 0.125, 0.0625; each percent of outliers 0.32.
/// </para>
/// </summary>
internal sealed class LowBitPanels : IDisposable
{
    public const int StepDepth = 8;
    private const int BlockColumns = 16;
    private const int StepBytes = 64;

    private readonly NativeBuffer _memory;
    private readonly long _scaleOffset;
    private readonly long _zeroPointOffset;
    private readonly long _channelOffset;
    private readonly long _biasOffset;

    public LowBitPanels(LowBitProblem problem, GemmWeights weights)
    {
        Columns = problem.N;
        Blocks = (problem.N + BlockColumns - 1) / BlockColumns;
        DepthBlocks = problem.Blocks;
        HalfScales = FitBinary16(weights.BlockScales.Span);
        PanelBytes = checked((problem.K + StepDepth - 1) / StepDepth * StepBytes);
        ScaleBytes = DepthBlocks * BlockColumns * (HalfScales ? 2 : 4);
        ZeroPointBytes = problem.HasZeroPoints ? DepthBlocks * BlockColumns : 0;
        _scaleOffset = (long)Blocks * PanelBytes;
        _zeroPointOffset = RoundUp(_scaleOffset + ((long)Blocks * ScaleBytes));
        _channelOffset = RoundUp(_zeroPointOffset + ((long)Blocks * ZeroPointBytes));
        _biasOffset = _channelOffset + ((long)Blocks * BlockColumns * sizeof(float));
        _memory = new NativeBuffer(_biasOffset + ((long)Blocks * BlockColumns * sizeof(float)));
        for (var n = 0; n < Columns; n++)
        {
            PackColumn(problem, weights.B.Span, n);
            PackScales(problem, weights, n);
        }
        weights.Scale.Span.CopyTo(_memory.Span<float>(_channelOffset, Columns));
        LowBitBias.Of(problem, weights).CopyTo(_memory.Span<float>(_biasOffset, Columns));
    }

    public int Columns { get; }

    /// <summary>Blocks of 16 columns.</summary>
    public int Blocks { get; }

    /// <summary>Blocks along the depth.</summary>
    public int DepthBlocks { get; }

    public bool HalfScales { get; }

    /// <summary>Bytes of weights, scales and zero points for 16 columns.</summary>
    public int PanelBytes { get; }

    public int ScaleBytes { get; }

    public int ZeroPointBytes { get; }

    public long ByteLength => _memory.ByteLength;

    public nint Panel(int block) => _memory.Address + ((nint)block * PanelBytes);

    public nint Scales(int block) => _memory.Address + (nint)(_scaleOffset + ((long)block * ScaleBytes));

    public nint ZeroPoints(int block) => _memory.Address + (nint)(_zeroPointOffset + ((long)block * ZeroPointBytes));

    public nint ChannelScales(int block) => _memory.Address + (nint)(_channelOffset + ((long)block * BlockColumns * sizeof(float)));

    public nint Bias(int block) => _memory.Address + (nint)(_biasOffset + ((long)block * BlockColumns * sizeof(float)));

    public void Dispose() => _memory.Dispose();

    private static bool FitBinary16(ReadOnlySpan<float> scales)
    {
        foreach (var scale in scales)
            if ((float)(Half)scale != scale) return false;
        return true;
    }

    private static long RoundUp(long bytes) => (bytes + NativeBuffer.Alignment - 1) / NativeBuffer.Alignment * NativeBuffer.Alignment;

    private void PackColumn(LowBitProblem problem, ReadOnlySpan<byte> b, int n)
    {
        var panel = _memory.Span<byte>((long)(n / BlockColumns) * PanelBytes, PanelBytes);
        for (var k = 0; k < problem.K; k++)
        {
            var (step, inStep) = (k / StepDepth, k % StepDepth);
            ref var target = ref panel[(step * StepBytes) + (n % BlockColumns * 4) + (inStep % 4)];
            target |= (byte)(LowBitColumns.Weight(problem, b, k, n) << (inStep / 4 * 4));
        }
    }

    private void PackScales(LowBitProblem problem, GemmWeights weights, int n)
    {
        var (block, lane) = (n / BlockColumns, n % BlockColumns);
        for (var depth = 0; depth < DepthBlocks; depth++)
        {
            var from = (n * DepthBlocks) + depth;
            var to = (block * DepthBlocks * BlockColumns) + (depth * BlockColumns) + lane;
            if (HalfScales) _memory.Span<Half>(_scaleOffset + (2L * to), 1)[0] = (Half)weights.BlockScales.Span[from];
            else _memory.Span<float>(_scaleOffset + (4L * to), 1)[0] = weights.BlockScales.Span[from];
            if (problem.HasZeroPoints)
                _memory.Span<sbyte>(_zeroPointOffset + to, 1)[0] = (sbyte)(8 - weights.BlockZeroPoints.Span[from]);
        }
    }
}
