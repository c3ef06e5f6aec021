using Iced.Intel;
using ServingStack.Kernels.Jit;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// Tiles of 16-bit weights and fp32 sums for AVX-512. Per depth: weights become floats in registers once, each row's activation is
/// broadcast, and multiplied with all of them. With dot products of bfloat16 a step takes two depths, and rows come prepared: rounded,
/// step by step, row beside row.
/// </summary>
internal sealed class HalfTileEmitter(HalfTileKey key) : KernelEmitter
{
    private const int StraightSteps = 8;
    private const int Unroll = 4;
    private const int PrefetchSteps = 24;
    private const int StepBytes = 64;

    private static readonly AssemblerRegister64 Depth = r13;
    private static readonly AssemblerRegister64 Columns = r14;
    private static readonly AssemblerRegister64[] Rows = General[..TileShape.MaxRows];

    private AssemblerRegisterZMM[] _sums = [];
    private AssemblerRegisterZMM[] _columns = [];
    private AssemblerRegisterZMM[] _broadcasts = [];
    private AssemblerRegisterZMM _highHalves;
    private int _broadcastsUsed;

    public override string Name => key.Name;

    private bool Prepared => key.Arithmetic == HalfArithmetic.BrainProducts;

    private int WholeSteps => Prepared ? key.Steps : key.Depth / 2;

    /// <summary>Bytes of activations from step to step, at each row's address or at the one of all rows.</summary>
    private int RowStepBytes => Prepared ? 4 * key.Rows : 8;

    protected override void EmitBody()
    {
        if (key.Epilogue.MaskedColumns) Asm.kmovw(k1, __word_ptr[Arguments + TileEmitter.Offset(nameof(TileArguments.ColumnMask))]);
        _sums = Vectors.Take(key.Rows * key.Vectors, "sums");
        var nextTile = Asm.CreateLabel();
        Asm.Label(ref nextTile);
        StartSums();
        var mark = Vectors.Mark();
        EmitDepth();
        Vectors.ReturnTo(mark);
        new TileEpilogueEmitter(key.Epilogue, Asm, Vectors, _sums, Constant).Emit();
        Asm.dec(__qword_ptr[Arguments + TileEmitter.Offset(nameof(TileArguments.Tiles))]);
        Asm.jnz(nextTile);
    }

    // Sums start at the bias, so that nothing has to be added later.
    private void StartSums()
    {
        Asm.mov(Columns, __qword_ptr[Arguments + TileEmitter.Offset(nameof(TileArguments.Bias))]);
        for (var j = 0; j < key.Vectors; j++)
        {
            Asm.vmovups(_sums[j], __zmmword_ptr[Columns + (64 * j)]);
            for (var i = 1; i < key.Rows; i++) Asm.vmovaps(_sums[(i * key.Vectors) + j], _sums[j]);
        }
    }

    private void EmitDepth()
    {
        _columns = Vectors.Take(key.Vectors, "columns");
        if (key.Arithmetic == HalfArithmetic.Brain)
        {
            _highHalves = Vectors.Take("the mask of high halves");
            Asm.mov(eax, unchecked((int)0xffff0000));
            Asm.vpbroadcastd(_highHalves, eax);
        }
        _broadcasts = Vectors.Take(Math.Min(key.Rows, Vectors.Free), "broadcasts");
        if (_broadcasts.Length == 0) throw new EmissionException($"{Name} leaves no vector register for a broadcast.");
        ComputeRowAddresses();
        Asm.mov(Columns, __qword_ptr[Arguments + TileEmitter.Offset(nameof(TileArguments.B))]);
        var looped = WholeSteps <= StraightSteps ? 0 : WholeSteps / Unroll * Unroll;
        if (looped > 0) EmitStepLoop(looped);
        for (var step = looped; step < WholeSteps; step++) EmitStep(step - looped, depths: 2, looped);
        if (WholeSteps < key.Steps) EmitStep(WholeSteps - looped, depths: 1, looped);
    }

    // Prepared rows need one address; the way to the next tile is the same for both.
    private void ComputeRowAddresses()
    {
        Asm.mov(Rows[0], __qword_ptr[Arguments + TileEmitter.Offset(nameof(TileArguments.A))]);
        Asm.mov(Depth, __qword_ptr[Arguments + TileEmitter.Offset(nameof(TileArguments.StrideA))]);
        if (Prepared)
        {
            Asm.add(Depth, Rows[0]);
        }
        else
        {
            for (var i = 1; i < key.Rows; i++) Asm.lea(Rows[i], __[Rows[i - 1] + Depth]);
            Asm.add(Depth, Rows[key.Rows - 1]);
        }
        Asm.mov(__qword_ptr[Arguments + TileEmitter.Offset(nameof(TileArguments.A))], Depth);
    }

    private void EmitStepLoop(int steps)
    {
        Asm.xor(r13d, r13d);
        var loop = Asm.CreateLabel();
        Asm.Label(ref loop);
        for (var u = 0; u < Unroll; u++) EmitStep(u, depths: 2, steps);
        Asm.add(Columns, StepBytes * Unroll);
        Asm.add(Depth, RowStepBytes * Unroll);
        Asm.cmp(Depth, RowStepBytes * steps);
        Asm.jne(loop);
    }

    private void EmitStep(int step, int depths, int looped)
    {
        if (key.Prefetch)
            for (var j = 0; j < key.Vectors; j++)
                Asm.prefetcht0(__byte_ptr[Columns + ((j * key.Steps * StepBytes) + ((step + PrefetchSteps) * StepBytes))]);
        for (var half = 0; half < (Prepared ? 1 : depths); half++)
        {
            for (var j = 0; j < key.Vectors; j++) LoadColumns(step, half, j);
            for (var i = 0; i < key.Rows; i++)
            {
                var broadcast = _broadcasts[_broadcastsUsed++ % _broadcasts.Length];
                Asm.vbroadcastss(broadcast, Activation(i, (step * RowStepBytes) + (4 * half), looped > 0));
                for (var j = 0; j < key.Vectors; j++) MultiplyAdd(_sums[(i * key.Vectors) + j], broadcast, _columns[j]);
            }
        }
    }

    private AssemblerMemoryOperand Activation(int row, int offset, bool looped)
    {
        var (address, at) = Prepared ? (Rows[0], offset + (4 * row)) : (Rows[row], offset);
        return looped ? __dword_ptr[address + Depth + at] : __dword_ptr[address + at];
    }

    private void LoadColumns(int step, int half, int vector)
    {
        var address = Columns + ((vector * key.Steps * StepBytes) + (step * StepBytes));
        if (Prepared) Asm.vmovups(_columns[vector], __zmmword_ptr[address]);
        else if (key.Arithmetic == HalfArithmetic.Binary16) Asm.vcvtph2ps(_columns[vector], __ymmword_ptr[address + (StepBytes / 2 * half)]);
        else if (half == 0) Asm.vpslld(_columns[vector], __zmmword_ptr[address], 16);
        else Asm.vpandd(_columns[vector], _highHalves, __zmmword_ptr[address]);
    }

    private void MultiplyAdd(AssemblerRegisterZMM sum, AssemblerRegisterZMM activation, AssemblerRegisterZMM weights)
    {
        if (Prepared) Asm.vdpbf16ps(sum, activation, weights);
        else Asm.vfmadd231ps(sum, activation, weights);
    }
}
