using System.Runtime.InteropServices;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// 16-bit weights in the order tile kernels read them: blocks of 16 columns, in a block steps of two of depth, 64 bytes each. binary16: the
/// 16 columns of one depth, then of the next. bfloat16: for each column both depths side by side, the operand of its dot product. A last
/// odd depth is filled up with zeros.
/// </summary>
internal sealed class HalfPanels : IDisposable
{
    private const int BlockColumns = 16;
    private const int StepHalves = 2 * BlockColumns;

    private readonly NativeBuffer _memory;
    private readonly long _biasOffset;

    public HalfPanels(GemmProblem problem, GemmWeights weights)
    {
        Columns = problem.N;
        Blocks = (problem.N + BlockColumns - 1) / BlockColumns;
        var steps = (problem.K + 1) / 2;
        PanelBytes = checked(steps * StepHalves * sizeof(ushort));
        _biasOffset = (long)Blocks * PanelBytes;
        _memory = new NativeBuffer(_biasOffset + ((long)Blocks * BlockColumns * sizeof(float)));
        weights.Bias.Span.CopyTo(_memory.Span<float>(_biasOffset, Columns));
        var halves = MemoryMarshal.Cast<byte, ushort>(weights.B.Span);
        for (var block = 0; block < Blocks; block++)
        {
            var panel = _memory.Span<ushort>((long)block * PanelBytes, PanelBytes / sizeof(ushort));
            for (var k = 0; k < problem.K; k++)
                for (var j = 0; j < Math.Min(BlockColumns, Columns - (block * BlockColumns)); j++)
                    panel[(k / 2 * StepHalves) + Place(problem.B, k % 2, j)] = halves[(k * Columns) + (block * BlockColumns) + j];
        }
    }

    public int Columns { get; }

    public int Blocks { get; }

    public int PanelBytes { get; }

    public nint Panel(int block) => _memory.Address + ((nint)block * PanelBytes);

    public nint Bias(int block) => _memory.Address + (nint)(_biasOffset + ((long)block * BlockColumns * sizeof(float)));

    public void Dispose() => _memory.Dispose();

    private static int Place(DataType type, int depth, int column) =>
        type == DataType.Float16 ? (depth * BlockColumns) + column : (2 * column) + depth;
}
