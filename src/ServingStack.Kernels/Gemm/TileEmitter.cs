using System.Runtime.InteropServices;
using Iced.Intel;
using ServingStack.Kernels.Jit;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// The one generator behind GEMM and convolution for AVX-512: tiles of Rows x (16 Vectors) sums that stay in registers over the whole
/// depth.
/// Per step of four bytes of depth: load the columns once, broadcast four bytes of each row, multiply-add. Row addresses fill all general
/// registers that are left, which is what limits a tile to twelve rows.
/// </summary>
internal sealed class TileEmitter(TileKernelKey key) : KernelEmitter
{
    // Straight code up to here, a loop of Unroll steps beyond: long enough to hide the loop, short enough for the instruction cache.
    private const int StraightSteps = 8;
    private const int Unroll = 4;
    private const int PrefetchSteps = 16;

    private static readonly AssemblerRegister64 Depth = r13;
    private static readonly AssemblerRegister64 Columns = r14;
    private static readonly AssemblerRegister64[] Rows = General[..TileShape.MaxRows];

    private AssemblerRegisterZMM[] _sums = [];
    private AssemblerRegisterZMM[] _columns = [];
    private AssemblerRegisterZMM[] _broadcasts = [];
    private AssemblerRegisterZMM _signFlip;
    private int _broadcastsUsed;

    public override string Name => key.Name;

    private int FullSteps => key.TapBytes / 4;

    private int TailBytes => key.TapBytes % 4;

    public static int Offset(string field) => (int)Marshal.OffsetOf<TileArguments>(field);

    protected override void EmitBody()
    {
        _sums = Vectors.Take(key.Rows * key.Vectors, "sums");
        SetMasks();
        var nextTile = Asm.CreateLabel();
        Asm.Label(ref nextTile);
        StartSums();
        EmitDepth();
        new TileEpilogueEmitter(key, Asm, Vectors, _sums, Constant).Emit();
        Asm.dec(__qword_ptr[Arguments + Offset(nameof(TileArguments.Tiles))]);
        Asm.jnz(nextTile);
    }

    private void SetMasks()
    {
        if (key.MaskedColumns) Asm.kmovw(k1, __word_ptr[Arguments + Offset(nameof(TileArguments.ColumnMask))]);
        if (TailBytes == 0) return;
        Asm.mov(eax, (1 << TailBytes) - 1);
        Asm.kmovw(k2, eax);
    }

    // Sums start at the bias, so that nothing has to be added later.
    private void StartSums()
    {
        Asm.mov(Columns, __qword_ptr[Arguments + Offset(nameof(TileArguments.Bias))]);
        for (var j = 0; j < key.Vectors; j++)
        {
            Asm.vmovups(_sums[j], __zmmword_ptr[Columns + (64 * j)]);
            for (var i = 1; i < key.Rows; i++) Asm.vmovaps(_sums[(i * key.Vectors) + j], _sums[j]);
        }
    }

    private void EmitDepth()
    {
        var mark = Vectors.Mark();
        TakeDepthRegisters();
        Asm.mov(Columns, __qword_ptr[Arguments + Offset(nameof(TileArguments.B))]);
        if (key.Taps > 1) Asm.mov(__qword_ptr[Arguments + Offset(nameof(TileArguments.TapsLeft))], key.Taps);
        var nextTap = Asm.CreateLabel();
        Asm.Label(ref nextTap);
        if (key.RowsFrom == TileRows.Strided) ComputeRowAddresses();
        else LoadRowAddresses();
        EmitTap();
        if (key.Taps > 1)
        {
            Asm.dec(__qword_ptr[Arguments + Offset(nameof(TileArguments.TapsLeft))]);
            Asm.jnz(nextTap);
        }
        Vectors.ReturnTo(mark);
    }

    private void TakeDepthRegisters()
    {
        // A single row needs no column registers: its multiply-adds read them from memory, each once.
        _columns = key.Rows == 1 ? [] : Vectors.Take(key.Vectors, "columns");
        if (key.Arithmetic == TileArithmetic.SignedBytes)
        {
            _signFlip = Vectors.Take("the sign flip");
            Asm.mov(eax, unchecked((int)0x80808080));
            Asm.vpbroadcastd(_signFlip, eax);
        }
        _broadcasts = Vectors.Take(Math.Min(key.Rows, Vectors.Free), "broadcasts");
        if (_broadcasts.Length == 0) throw new EmissionException($"{Name} leaves no vector register for a broadcast.");
    }

    private void LoadRowAddresses()
    {
        Asm.mov(Depth, __qword_ptr[Arguments + Offset(nameof(TileArguments.A))]);
        for (var i = 0; i < key.Rows; i++)
        {
            Asm.mov(Rows[i], __qword_ptr[Depth + (8 * i)]);
            if (key.RowsFrom == TileRows.OffsetTable) Asm.add(Rows[i], __qword_ptr[Arguments + Offset(nameof(TileArguments.RowOffset))]);
        }
        Asm.add(Depth, 8 * key.Rows);
        Asm.mov(__qword_ptr[Arguments + Offset(nameof(TileArguments.A))], Depth);
    }

    private void ComputeRowAddresses()
    {
        Asm.mov(Rows[0], __qword_ptr[Arguments + Offset(nameof(TileArguments.A))]);
        Asm.mov(Depth, __qword_ptr[Arguments + Offset(nameof(TileArguments.StrideA))]);
        for (var i = 1; i < key.Rows; i++) Asm.lea(Rows[i], __[Rows[i - 1] + Depth]);
        Asm.add(Depth, Rows[key.Rows - 1]);
        Asm.mov(__qword_ptr[Arguments + Offset(nameof(TileArguments.A))], Depth);
    }

    private void EmitTap()
    {
        var looped = FullSteps <= StraightSteps ? 0 : FullSteps / Unroll * Unroll;
        if (looped > 0) EmitStepLoop(looped);
        for (var step = looped; step < FullSteps; step++)
        {
            var at = 4 * (step - looped);
            EmitStep(step - looped, i => looped > 0 ? __dword_ptr[Rows[i] + Depth + at] : __dword_ptr[Rows[i] + at]);
        }
        if (TailBytes > 0) EmitTail(looped);
        var straight = key.TapGroups - looped;
        if (key.Taps > 1 && straight > 0) Asm.add(Columns, 64 * straight);
    }

    private void EmitStepLoop(int steps)
    {
        Asm.xor(r13d, r13d);
        var loop = Asm.CreateLabel();
        Asm.Label(ref loop);
        for (var u = 0; u < Unroll; u++)
        {
            var at = 4 * u;
            EmitStep(u, i => __dword_ptr[Rows[i] + Depth + at]);
        }
        Asm.add(Columns, 64 * Unroll);
        Asm.add(Depth, 4 * Unroll);
        Asm.cmp(Depth, 4 * steps);
        Asm.jne(loop);
    }

    private void EmitStep(int columnStep, Func<int, AssemblerMemoryOperand> row)
    {
        LoadColumns(columnStep);
        for (var i = 0; i < key.Rows; i++)
        {
            var broadcast = NextBroadcast();
            Asm.vpbroadcastd(broadcast, row(i));
            MultiplyAdd(i, broadcast, columnStep);
        }
    }

    // The last one to three bytes of a piece: a masked load reads nothing beyond them.
    private void EmitTail(int looped)
    {
        var columnStep = FullSteps - looped;
        LoadColumns(columnStep);
        for (var i = 0; i < key.Rows; i++)
        {
            var broadcast = NextBroadcast();
            var bytes = looped > 0 ? __xmmword_ptr[Rows[i] + Depth + (4 * columnStep)] : __xmmword_ptr[Rows[i] + (4 * columnStep)];
            Asm.vmovdqu8(VectorRegisters.Low(broadcast).k2.z, bytes);
            Asm.vpbroadcastd(broadcast, VectorRegisters.Low(broadcast));
            MultiplyAdd(i, broadcast, columnStep);
        }
    }

    private void LoadColumns(int step)
    {
        for (var j = 0; j < key.Vectors; j++)
        {
            if (_columns.Length > 0) Asm.vmovups(_columns[j], ColumnsAt(step, j));
            if (key.Prefetch) Asm.prefetcht0(__byte_ptr[Columns + (j * key.PanelBytes) + (64 * (step + PrefetchSteps))]);
        }
    }

    private void MultiplyAdd(int row, AssemblerRegisterZMM broadcast, int step)
    {
        if (key.Arithmetic == TileArithmetic.SignedBytes) Asm.vpxord(broadcast, broadcast, _signFlip);
        for (var j = 0; j < key.Vectors; j++)
        {
            var sum = _sums[(row * key.Vectors) + j];
            var inMemory = _columns.Length == 0;
            if (key.Arithmetic == TileArithmetic.Floats)
            {
                if (inMemory) Asm.vfmadd231ps(sum, broadcast, ColumnsAt(step, j));
                else Asm.vfmadd231ps(sum, broadcast, _columns[j]);
            }
            else if (inMemory) Asm.vpdpbusd(sum, broadcast, ColumnsAt(step, j));
            else Asm.vpdpbusd(sum, broadcast, _columns[j]);
        }
    }

    private AssemblerMemoryOperand ColumnsAt(int step, int vector) => __zmmword_ptr[Columns + (vector * key.PanelBytes) + (64 * step)];

    private AssemblerRegisterZMM NextBroadcast() => _broadcasts[_broadcastsUsed++ % _broadcasts.Length];


}
