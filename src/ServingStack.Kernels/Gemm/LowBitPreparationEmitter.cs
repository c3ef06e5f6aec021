using System.Runtime.InteropServices;
using Iced.Intel;
using ServingStack.Kernels.Jit;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// Quantizes rows of floats and interleaves them, as <see cref="LowBitRows"/> does: two rows at a time, so that what two dot products need
/// is stored together. A single last row is stored as a pair, too, before the others: what it writes beside itself is written again later,
/// or is a header, or lies in up to <see cref="SpareBytes"/> behind the last tile. Headers come last; they are sums of the bytes written.
/// </summary>
internal sealed class LowBitPreparationEmitter(LowBitPreparationKey key) : KernelEmitter
{
    /// <summary>Bytes behind the last tile that are read or written.</summary>
    public const int SpareBytes = 128;

    private const int Lanes = 16;
    private const int UnitFloats = 2 * Lanes;
    private const int UnitSteps = UnitFloats / LowBitPanels.StepDepth;
    private const int Straight = 4;
    private const int StraightSteps = 8;
    private const int Largest = 4;
    private const int RowsAhead = 4;
    // Of rows up to here the next ones fit the first-level cache, too.
    private const int NearDepth = 1024;
    private const int GroupRows = 8;
    // The larger of two magnitudes.
    private const byte LargerMagnitude = 0b1011;

    private static readonly AssemblerRegister64 Source = rax;
    private static readonly AssemblerRegister64 PairSource = rbx;
    private static readonly AssemblerRegister64 Stride = rcx;
    private static readonly AssemblerRegister64 Tile = rdx;
    private static readonly AssemblerRegister64 Scales = rsi;
    private static readonly AssemblerRegister64 TilesLeft = rdi;
    private static readonly AssemblerRegister64 PairTarget = rbp;
    private static readonly AssemblerRegister64[] RowAt = [r8, r9];
    private static readonly AssemblerRegister64 Target = r10;
    private static readonly AssemblerRegister64 PairsLeft = r11;
    private static readonly AssemblerRegister64 BlocksLeft = r12;
    private static readonly AssemblerRegister64 UnitsLeft = r13;
    private static readonly AssemblerRegister64 PairScales = r14;

    private AssemblerRegisterZMM[] _factors = [];
    private AssemblerRegisterZMM _order;
    private AssemblerRegisterZMM _most;
    private AssemblerRegisterZMM _least;

    public override string Name => key.Name;

    private int HeaderBytes => LowBitRows.HeaderBytes(key.Rows, key.ZeroPoints);

    private int StepBytes => LowBitPanels.StepDepth * key.Rows;

    protected override void EmitBody()
    {
        // The shorter encoding names the first sixteen registers only.
        Asm.PreferVex = false;
        TakeConstants();
        var mark = Vectors.Mark();
        LoadArguments();
        Asm.mov(Source, Argument(nameof(LowBitPreparationArguments.Source)));
        Asm.mov(Stride, Argument(nameof(LowBitPreparationArguments.Stride)));
        Asm.mov(Scales, Argument(nameof(LowBitPreparationArguments.Scales)));
        Loop(TilesLeft, EmitTile);
        Vectors.ReturnTo(mark);
        LoadArguments();
        SumTiles();
    }

    private static AssemblerMemoryOperand Argument(string field) =>
        __qword_ptr[Arguments + (int)Marshal.OffsetOf<LowBitPreparationArguments>(field)];

    private void LoadArguments()
    {
        Asm.mov(Tile, Argument(nameof(LowBitPreparationArguments.Target)));
        Asm.mov(TilesLeft, Argument(nameof(LowBitPreparationArguments.Tiles)));
    }

    // A packed unit of two rows: in quarter L of the register, for each row, words 4L of its first and of its second sixteen numbers.
    private void TakeConstants()
    {
        _order = Vectors.Take("the order of a unit");
        _most = Vectors.Take("127");
        _least = Vectors.Take("the least magnitude");
        _factors = Vectors.Take(2, "factors");
        var order = Enumerable.Range(0, Lanes).Select(to => OrderOf(step: to / 4, row: to / 2 % 2, half: to % 2)).ToArray();
        Asm.vmovups(_order, Constant(order));
        Asm.vmovups(_most, Constant([.. Enumerable.Repeat(BitConverter.SingleToUInt32Bits(127), Lanes)]));
        Asm.vmovups(_least, Constant([.. Enumerable.Repeat(BitConverter.SingleToUInt32Bits(LowBitRows.LeastMagnitude), Lanes)]));
        if (key.Depth % Lanes == 0) return;
        Asm.mov(eax, (1 << (key.Depth % Lanes)) - 1);
        Asm.kmovw(k1, eax);
    }

    private static uint OrderOf(int step, int row, int half)
    {
        var word = (2 * step) + half;
        return (uint)((4 * (word % 4)) + (2 * row) + (word / 4));
    }

    private void EmitTile()
    {
        if (key.Rows % 2 == 1)
        {
            Asm.imul(PairSource, Stride, key.Rows - 1);
            Asm.add(PairSource, Source);
            Asm.lea(PairTarget, __[Tile + (HeaderBytes + (LowBitPanels.StepDepth * (key.Rows - 1)))]);
            Asm.lea(PairScales, __[Scales + (4 * (key.Rows - 1))]);
            EmitRows(1);
        }
        if (key.Rows > 1)
        {
            Asm.mov(PairSource, Source);
            Asm.lea(PairTarget, __[Tile + HeaderBytes]);
            Asm.mov(PairScales, Scales);
            Repeat(PairsLeft, key.Rows / 2, straight: 1, () =>
            {
                EmitRows(2);
                Asm.lea(PairSource, __[PairSource + (Stride * 2)]);
                Asm.add(PairTarget, 2 * LowBitPanels.StepDepth);
                Asm.add(PairScales, 2 * sizeof(float));
            });
        }
        Asm.imul(Target, Stride, key.Rows);
        Asm.add(Source, Target);
        Asm.add(Scales, PreparedLayout.ScaleStride);
        Asm.add(Tile, Argument(nameof(LowBitPreparationArguments.TileBytes)));
    }

    private void EmitRows(int rows)
    {
        PointAtRows(rows);
        var mark = Vectors.Mark();
        FindFactors(rows, FindLargest(rows));
        Vectors.ReturnTo(mark);
        PointAtRows(rows);
        Asm.mov(Target, PairTarget);
        Repeat(BlocksLeft, key.Depth / (key.BlockSteps * LowBitPanels.StepDepth), Straight, () =>
            EmitBlock(rows, key.BlockSteps * LowBitPanels.StepDepth));
        var rest = key.Depth % (key.BlockSteps * LowBitPanels.StepDepth);
        if (rest > 0) EmitBlock(rows, rest);
        Vectors.ReturnTo(mark);
    }

    private void PointAtRows(int rows)
    {
        Asm.mov(RowAt[0], PairSource);
        if (rows > 1) Asm.lea(RowAt[1], __[PairSource + Stride]);
    }

    /// <summary>For each row, in one of the first registers, the larger magnitudes of whole vectors; not yet of its lanes.</summary>
    private AssemblerRegisterZMM[] FindLargest(int rows)
    {
        var sums = Vectors.Take(Largest * rows, "largest magnitudes");
        var tail = Vectors.Take("the last numbers");
        foreach (var sum in sums) Asm.vpxord(sum, sum, sum);
        Repeat(UnitsLeft, key.Depth / (Largest * Lanes), straight: 2, () =>
        {
            for (var i = 0; i < Largest; i++)
                for (var row = 0; row < rows; row++) Larger(sums[(i * rows) + row], __zmmword_ptr[RowAt[row] + (64 * i)]);
            for (var row = 0; row < rows; row++) Asm.add(RowAt[row], 64 * Largest);
        });
        var rest = key.Depth % (Largest * Lanes);
        for (var i = 0; i < rest / Lanes; i++)
            for (var row = 0; row < rows; row++) Larger(sums[(i * rows) + row], __zmmword_ptr[RowAt[row] + (64 * i)]);
        for (var row = 0; row < rows && rest % Lanes > 0; row++)
        {
            Asm.vmovups(tail.k1.z, __zmmword_ptr[RowAt[row] + (64 * (rest / Lanes))]);
            Asm.vrangeps(sums[row], sums[row], tail, LargerMagnitude);
        }
        for (var half = Largest / 2; half > 0; half /= 2)
            for (var i = 0; i < half * rows; i++) Asm.vmaxps(sums[i], sums[i], sums[i + (half * rows)]);
        return sums;
    }

    private void Larger(AssemblerRegisterZMM sum, AssemblerMemoryOperand numbers) => Asm.vrangeps(sum, sum, numbers, LargerMagnitude);

    /// <summary>Stores the rows' steps and broadcasts what their numbers are multiplied with.</summary>
    private void FindFactors(int rows, AssemblerRegisterZMM[] largest)
    {
        var (both, other) = (largest[0], largest[2]);
        Asm.vshuff64x2(other, largest[0], largest[rows - 1], 0xee);
        Asm.vshuff64x2(both, largest[0], largest[rows - 1], 0x44);
        Asm.vmaxps(both, both, other);
        Asm.vshuff64x2(other, both, both, 0xb1);
        Asm.vmaxps(both, both, other);
        Asm.vpermilps(other, both, 0x4e);
        Asm.vmaxps(both, both, other);
        Asm.vpermilps(other, both, 0xb1);
        Asm.vmaxps(both, both, other);
        // The first half is of the first row, the second of the second.
        Asm.vextractf32x4(VectorRegisters.Low(other), both, 2);
        Asm.vunpcklps(VectorRegisters.Low(both), VectorRegisters.Low(both), VectorRegisters.Low(other));
        var (magnitude, factor) = (VectorRegisters.Low(both), VectorRegisters.Low(_factors[0]));
        Asm.vcmpps(k2, magnitude, VectorRegisters.Low(_least), 13);
        Asm.vdivps(factor.k2.z, VectorRegisters.Low(_most), magnitude);
        Asm.vdivps(magnitude, magnitude, VectorRegisters.Low(_most));
        if (rows > 1) Asm.vmovlps(__qword_ptr[PairScales], magnitude);
        else Asm.vmovss(__dword_ptr[PairScales], magnitude);
        if (rows > 1)
        {
            Asm.vmovshdup(VectorRegisters.Low(_factors[1]), factor);
            Asm.vbroadcastss(_factors[1], VectorRegisters.Low(_factors[1]));
        }
        Asm.vbroadcastss(_factors[0], factor);
    }

    private void EmitBlock(int rows, int depth)
    {
        var units = depth / UnitFloats;
        if (units > Straight)
        {
            Asm.mov(UnitsLeft, units);
            Loop(UnitsLeft, () =>
            {
                EmitUnit(rows, 0, UnitFloats);
                Advance(rows, UnitFloats, 0);
            });
            depth -= units * UnitFloats;
        }
        for (var at = 0; at < depth; at += UnitFloats) EmitUnit(rows, at, Math.Min(UnitFloats, depth - at));
        Advance(rows, depth, HeaderBytes);
    }

    private void Advance(int rows, int depth, int headerBytes)
    {
        for (var row = 0; row < rows; row++) Asm.add(RowAt[row], sizeof(float) * depth);
        Asm.add(Target, (depth / LowBitPanels.StepDepth * StepBytes) + headerBytes);
    }

    // Up to 32 numbers of each row, quantized, packed to bytes by saturation, brought into order and stored step by step.
    private void EmitUnit(int rows, int at, int floats)
    {
        var mark = Vectors.Mark();
        var words = new AssemblerRegisterZMM[rows];
        for (var row = 0; row < rows; row++)
        {
            var vectors = Vectors.Take((floats + Lanes - 1) / Lanes, "numbers");
            for (var i = 0; i < vectors.Length; i++)
            {
                var numbers = __zmmword_ptr[RowAt[row] + (sizeof(float) * (at + (i * Lanes)))];
                if (floats - (i * Lanes) >= Lanes) Asm.vmulps(vectors[i], _factors[row], numbers);
                else Asm.vmulps(vectors[i].k1.z, _factors[row], numbers);
                Asm.vcvtps2dq(vectors[i], vectors[i]);
                if (rows > 1) AskForLaterRows(__byte_ptr[RowAt[row] + (Stride * RowsAhead) + (sizeof(float) * (at + (i * Lanes)))]);
            }
            Asm.vpackssdw(vectors[0], vectors[0], vectors[^1]);
            words[row] = vectors[0];
        }
        var bytes = words[0];
        Asm.vpacksswb(bytes, words[0], words[^1]);
        Asm.vpermd(bytes, _order, bytes);
        for (var step = 0; step < (floats + LowBitPanels.StepDepth - 1) / LowBitPanels.StepDepth; step++)
        {
            var target = __xmmword_ptr[Target + (((at / LowBitPanels.StepDepth) + step) * StepBytes)];
            if (step == 0) Asm.vmovups(target, VectorRegisters.Low(bytes));
            else Asm.vextracti32x4(target, bytes, (byte)step);
        }
        Vectors.ReturnTo(mark);
    }

    // Memory is idle while rows that are near already are quantized.
    private void AskForLaterRows(AssemblerMemoryOperand row)
    {
        if (key.Depth <= NearDepth) Asm.prefetcht0(row);
        else Asm.prefetcht1(row);
    }

    // Eight times the sums of a block, by dot products with eights, for eight rows at a time.
    private void SumTiles()
    {
        var groups = (key.Rows + GroupRows - 1) / GroupRows;
        var eights = Vectors.Take("eights");
        var sums = Vectors.Take(groups, "sums");
        var other = Vectors.Take("halves of sums");
        var zero = Vectors.Take("zero");
        Asm.mov(eax, 0x08080808);
        Asm.vpbroadcastd(eights, eax);
        Asm.vpxord(zero, zero, zero);
        Asm.mov(eax, (1 << (((key.Rows - 1) % GroupRows) + 1)) - 1);
        Asm.kmovw(k1, eax);
        Loop(TilesLeft, () =>
        {
            Asm.mov(Target, Tile);
            Repeat(BlocksLeft, key.Steps / key.BlockSteps, straight: 1, () => SumBlock(key.BlockSteps));
            if (key.Steps % key.BlockSteps > 0) SumBlock(key.Steps % key.BlockSteps);
            Asm.add(Tile, Argument(nameof(LowBitPreparationArguments.TileBytes)));
        });

        void SumBlock(int steps)
        {
            foreach (var sum in sums) Asm.vpxord(sum, sum, sum);
            Asm.lea(PairTarget, __[Target + HeaderBytes]);
            Repeat(UnitsLeft, steps / StraightSteps, straight: 1, () => SumSteps(StraightSteps));
            SumSteps(steps % StraightSteps);
            for (var i = 0; i < groups; i++) StoreSums(sums[i], other, zero, GroupRows * i);
            Asm.mov(Target, PairTarget);
        }

        void SumSteps(int steps)
        {
            for (var step = 0; step < steps; step++)
                for (var i = 0; i < groups; i++)
                    Asm.vpdpbusd(sums[i], eights, __zmmword_ptr[PairTarget + ((step * StepBytes) + (64 * i))]);
            if (steps > 0) Asm.add(PairTarget, steps * StepBytes);
        }
    }

    private void StoreSums(AssemblerRegisterZMM sum, AssemblerRegisterZMM other, AssemblerRegisterZMM zero, int row)
    {
        var last = row + GroupRows >= key.Rows;
        var half = VectorRegisters.Half(sum);
        Asm.vpsrlq(other, sum, 32);
        Asm.vpaddd(sum, sum, other);
        Asm.vpmovqd(half, sum);
        Asm.vpsubd(VectorRegisters.Half(other), VectorRegisters.Half(zero), half);
        Store(__ymmword_ptr[Target + (4 * row)], VectorRegisters.Half(other), last);
        if (!key.ZeroPoints) return;
        Asm.vpsrad(half, half, 3);
        Asm.vcvtdq2ps(half, half);
        Store(__ymmword_ptr[Target + (4 * (key.Rows + row))], half, last);
    }

    private void Store(AssemblerMemoryOperand to, AssemblerRegisterYMM sums, bool masked) => Asm.vmovups(masked ? to.k1 : to, sums);

    private void Repeat(AssemblerRegister64 counter, int count, int straight, Action body)
    {
        if (count > straight)
        {
            Asm.mov(counter, count);
            Loop(counter, body);
            return;
        }
        for (var i = 0; i < count; i++) body();
    }

    private void Loop(AssemblerRegister64 counter, Action body)
    {
        var loop = Asm.CreateLabel();
        Asm.Label(ref loop);
        body();
        Asm.dec(counter);
        Asm.jnz(loop);
    }
}
