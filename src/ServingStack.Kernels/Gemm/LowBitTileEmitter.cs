using Iced.Intel;
using ServingStack.Kernels.Jit;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// Tiles of 4-bit weights for AVX-512 VNNI. The weight, from 0 to 15, is the unsigned operand of the dot product; the activation, a signed
/// byte, is the other one, broadcast. Integer sums of a block start at -8 times the block's activations, which takes the zero
/// point 8 off; at the block's end they are scaled into sums of floats. Prepared rows lie interleaved, so one address serves all of them.
/// </summary>
internal sealed class LowBitTileEmitter(LowBitTileKey key) : KernelEmitter
{
    // Straight code for a block up to here, a loop of Unroll steps beyond.
    private const int StraightSteps = 8;
    private const int Unroll = 4;
    private const int PrefetchSteps = 24;
    private const int StepBytes = 64;
    // As a matrix of bits: a byte shifted right by four.
    private const ulong ShiftMatrix = 0x1020_4080_0000_0000;

    private static readonly AssemblerRegister64 Row = r8;
    private static readonly AssemblerRegister64 Columns = r9;
    private static readonly AssemblerRegister64 Scales = r10;
    private static readonly AssemblerRegister64 ZeroPoints = r11;
    private static readonly AssemblerRegister64 BlocksLeft = r12;
    private static readonly AssemblerRegister64 StepsLeft = r13;
    private static readonly AssemblerRegister64 Scratch = r14;

    private AssemblerRegisterZMM[] _sums = [];
    private AssemblerRegisterZMM[] _products = [];
    private AssemblerRegisterZMM[] _weights = [];
    private AssemblerRegisterZMM[] _broadcasts = [];
    private int _broadcastsUsed;
    private AssemblerRegisterZMM _mask;
    private AssemblerRegisterZMM _shift;

    public override string Name => key.Name;

    private int Sums => key.Rows * key.Vectors;

    /// <summary>Bytes of a tile's prepared rows before a block's activations: minus eight times their sum, and the sum.</summary>
    private int HeaderBytes => LowBitRows.HeaderBytes(key.Rows, key.ZeroPoints);

    private int RowStepBytes => LowBitPanels.StepDepth * key.Rows;

    protected override void EmitBody()
    {
        if (key.Epilogue.MaskedColumns) Asm.kmovw(k1, __word_ptr[Arguments + TileEmitter.Offset(nameof(TileArguments.ColumnMask))]);
        _sums = Vectors.Take(Sums, "sums");
        var nextTile = Asm.CreateLabel();
        Asm.Label(ref nextTile);
        if (key.Rows > 1) AskForResults();
        var mark = Vectors.Mark();
        TakeDepthRegisters();
        EmitDepth();
        Vectors.ReturnTo(mark);
        ScaleSums();
        new TileEpilogueEmitter(key.Epilogue, Asm, Vectors, _sums, Constant).Emit();
        Asm.dec(__qword_ptr[Arguments + TileEmitter.Offset(nameof(TileArguments.Tiles))]);
        Asm.jnz(nextTile);
    }

    // Rows of results lie apart: all their lines come while the tile is multiplied, not one after another when it is stored.
    private void AskForResults()
    {
        var vectorBytes = 16 * key.Epilogue.Output.Size();
        Asm.mov(Row, __qword_ptr[Arguments + TileEmitter.Offset(nameof(TileArguments.C))]);
        for (var i = 0; i < key.Rows; i++)
        {
            for (var at = 0; at < key.Vectors * vectorBytes; at += StepBytes) Asm.prefetchw(__byte_ptr[Row + at]);
            if (i < key.Rows - 1) Asm.add(Row, __qword_ptr[Arguments + TileEmitter.Offset(nameof(TileArguments.StrideC))]);
        }
    }

    private void TakeDepthRegisters()
    {
        _products = Vectors.Take(Sums, "products");
        _weights = Vectors.Take(Math.Max(2, key.Vectors), "weights");
        _mask = Vectors.Take("the mask");
        Asm.mov(eax, 0x0f0f0f0f);
        Asm.vpbroadcastd(_mask, eax);
        if (key.ByteShifts)
        {
            _shift = Vectors.Take("the shift");
            Asm.mov(rax, ShiftMatrix);
            Asm.vpbroadcastq(_shift, rax);
        }
        // One vector's dot products read the activation from memory each; with more, they share a broadcast.
        if (key.Vectors > 1) _broadcasts = Vectors.Take(Math.Min(key.Rows, Vectors.Free), "broadcasts");
    }

    private void EmitDepth()
    {
        Asm.mov(Row, __qword_ptr[Arguments + TileEmitter.Offset(nameof(TileArguments.A))]);
        Asm.mov(Columns, __qword_ptr[Arguments + TileEmitter.Offset(nameof(TileArguments.B))]);
        Asm.mov(Scales, __qword_ptr[Arguments + LowBitArguments.Offset(nameof(LowBitArguments.BlockScales))]);
        if (key.ZeroPoints) Asm.mov(ZeroPoints, __qword_ptr[Arguments + LowBitArguments.Offset(nameof(LowBitArguments.ZeroPoints))]);
        foreach (var sum in _sums) Asm.vpxord(sum, sum, sum);
        var whole = key.Steps / key.BlockSteps;
        if (whole > 0)
        {
            var nextBlock = Asm.CreateLabel();
            if (whole > 1) Asm.mov(BlocksLeft, whole);
            Asm.Label(ref nextBlock);
            EmitBlock(key.BlockSteps);
            if (whole > 1)
            {
                Asm.dec(BlocksLeft);
                Asm.jnz(nextBlock);
            }
        }
        if (key.Steps % key.BlockSteps > 0) EmitBlock(key.Steps % key.BlockSteps);
        Asm.mov(Row, __qword_ptr[Arguments + TileEmitter.Offset(nameof(TileArguments.StrideA))]);
        Asm.add(__qword_ptr[Arguments + TileEmitter.Offset(nameof(TileArguments.A))], Row);
    }

    private void EmitBlock(int steps)
    {
        for (var i = 0; i < key.Rows; i++)
            for (var j = 0; j < key.Vectors; j++)
                Asm.vpbroadcastd(_products[(i * key.Vectors) + j], __dword_ptr[Row + (4 * i)]);
        if (key.ZeroPoints && steps > StraightSteps) Asm.mov(Scratch, Row);
        if (steps <= StraightSteps) EmitSteps(steps, HeaderBytes);
        else EmitStepLoop(steps);
        for (var j = 0; j < key.Vectors; j++) ScaleProducts(j, steps);
        if (steps <= StraightSteps) Advance(steps, HeaderBytes);
        Asm.add(Scales, 16 * (key.HalfScales ? 2 : 4));
        if (key.ZeroPoints) Asm.add(ZeroPoints, 16);
    }

    private void EmitStepLoop(int steps)
    {
        Asm.add(Row, HeaderBytes);
        Asm.mov(StepsLeft, steps / Unroll);
        var loop = Asm.CreateLabel();
        Asm.Label(ref loop);
        EmitSteps(Unroll, 0);
        Advance(Unroll, 0);
        Asm.dec(StepsLeft);
        Asm.jnz(loop);
        if (steps % Unroll == 0) return;
        EmitSteps(steps % Unroll, 0);
        Advance(steps % Unroll, 0);
    }

    private void Advance(int steps, int headerBytes)
    {
        Asm.add(Row, headerBytes + (steps * RowStepBytes));
        Asm.add(Columns, steps * StepBytes);
    }

    private void EmitSteps(int steps, int offset)
    {
        for (var step = 0; step < steps; step++, offset += RowStepBytes)
        {
            if (key.Prefetch)
                for (var j = 0; j < key.Vectors; j++) Asm.prefetcht0(__byte_ptr[Columns + WeightsAt(step + PrefetchSteps, j)]);
            if (key.Vectors == 1) EmitOneVector(step, offset);
            else
                for (var half = 0; half < 2; half++) EmitHalf(step, half, offset + (4 * half));
        }
    }

    private int WeightsAt(int step, int vector) => (vector * key.Steps * StepBytes) + (step * StepBytes);

    private void EmitOneVector(int step, int offset)
    {
        var (low, high) = (_weights[0], _weights[1]);
        Asm.vmovups(high, __zmmword_ptr[Columns + WeightsAt(step, 0)]);
        Asm.vpandd(low, high, _mask);
        ShiftDown(high);
        for (var i = 0; i < key.Rows; i++) Asm.vpdpbusd(_products[i], low, __dword_bcst[Row + (offset + (LowBitPanels.StepDepth * i))]);
        for (var i = 0; i < key.Rows; i++) Asm.vpdpbusd(_products[i], high, __dword_bcst[Row + (offset + 4 + (LowBitPanels.StepDepth * i))]);
    }

    private void EmitHalf(int step, int half, int offset)
    {
        for (var j = 0; j < key.Vectors; j++)
        {
            var weights = __zmmword_ptr[Columns + WeightsAt(step, j)];
            if (half == 0)
            {
                Asm.vpandd(_weights[j], _mask, weights);
                continue;
            }
            Asm.vmovups(_weights[j], weights);
            ShiftDown(_weights[j]);
        }
        for (var i = 0; i < key.Rows; i++)
        {
            var broadcast = _broadcasts[_broadcastsUsed++ % _broadcasts.Length];
            Asm.vpbroadcastd(broadcast, __dword_ptr[Row + (offset + (LowBitPanels.StepDepth * i))]);
            for (var j = 0; j < key.Vectors; j++) Asm.vpdpbusd(_products[(i * key.Vectors) + j], _weights[j], broadcast);
        }
    }

    private void ShiftDown(AssemblerRegisterZMM weights)
    {
        if (key.ByteShifts)
        {
            Asm.vgf2p8affineqb(weights, weights, _shift, 0);
            return;
        }
        Asm.vpsrld(weights, weights, 4);
        Asm.vpandd(weights, weights, _mask);
    }

    private void ScaleProducts(int j, int steps)
    {
        var (low, high) = (_weights[0], _weights[1]);
        var scales = Scales + (j * key.DepthBlocks * 16 * (key.HalfScales ? 2 : 4));
        if (key.HalfScales) Asm.vcvtph2ps(low, __ymmword_ptr[scales]);
        else Asm.vmovups(low, __zmmword_ptr[scales]);
        if (key.ZeroPoints)
        {
            Asm.vpmovsxbd(high, __xmmword_ptr[ZeroPoints + (j * key.DepthBlocks * 16)]);
            Asm.vcvtdq2ps(high, high);
            Asm.vmulps(high, high, low);
        }
        var header = key.ZeroPoints && steps > StraightSteps ? Scratch : Row;
        for (var i = 0; i < key.Rows; i++)
        {
            var (sum, product) = (_sums[(i * key.Vectors) + j], _products[(i * key.Vectors) + j]);
            Asm.vcvtdq2ps(product, product);
            Asm.vfmadd231ps(sum, product, low);
            if (key.ZeroPoints) Asm.vfmadd231ps(sum, high, __dword_bcst[header + (4 * (key.Rows + i))]);
        }
    }

    // From steps of the activations to the output's unit, and the bias.
    private void ScaleSums()
    {
        if (key.Outliers)
        {
            Asm.mov(Scratch, __qword_ptr[Arguments + LowBitArguments.Offset(nameof(LowBitArguments.Outliers))]);
            for (var i = 0; i < Sums; i++) Asm.vaddps(_sums[i], _sums[i], __zmmword_ptr[Scratch + (64 * i)]);
        }
        var mark = Vectors.Mark();
        Asm.mov(Columns, __qword_ptr[Arguments + TileEmitter.Offset(nameof(TileArguments.Bias))]);
        if (key.RowScales) Asm.mov(Scales, __qword_ptr[Arguments + LowBitArguments.Offset(nameof(LowBitArguments.RowScales))]);
        else Asm.mov(Scales, __qword_ptr[Arguments + TileEmitter.Offset(nameof(TileArguments.Scale))]);
        var constant = Vectors.Take("bias or scale");
        for (var j = 0; j < key.Vectors; j++)
        {
            Asm.vmovups(constant, __zmmword_ptr[(key.RowScales ? Columns : Scales) + (64 * j)]);
            for (var i = 0; i < key.Rows; i++)
                if (key.RowScales) Asm.vfmadd132ps(_sums[(i * key.Vectors) + j], constant, __dword_bcst[Scales + (4 * i)]);
                else Asm.vfmadd213ps(_sums[(i * key.Vectors) + j], constant, __zmmword_ptr[Columns + (64 * j)]);
        }
        if (key.RowScales)
        {
            Asm.add(Scales, PreparedLayout.ScaleStride);
            Asm.mov(__qword_ptr[Arguments + LowBitArguments.Offset(nameof(LowBitArguments.RowScales))], Scales);
        }
        Vectors.ReturnTo(mark);
    }
}
