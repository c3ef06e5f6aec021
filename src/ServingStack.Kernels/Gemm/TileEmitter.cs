using System.Runtime.InteropServices;
using Iced.Intel;
using ServingStack.Kernels.Jit;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// The one generator behind GEMM and convolution: tiles of Rows x (16 Vectors) sums that stay in registers over the whole depth. Per step
/// of four bytes of depth: read the columns once, broadcast four bytes of each row, multiply and add as the level's
/// <see cref="TileProducts"/> do. Row addresses fill all general registers that are left, which is what limits a tile to twelve rows.
/// </summary>
internal sealed class TileEmitter(TileKernelKey key) : KernelEmitter(VectorInstructions.RegistersAt(key.Level))
{
    private const int PrefetchSteps = 16;
    private const int Lane = sizeof(int);
    private const int CacheLine = 64;

    private static readonly AssemblerRegister64 Depth = r13;
    private static readonly AssemblerRegister64 Columns = r14;

    private VectorInstructions _code = null!;
    private TileProducts _products = null!;
    private RowAddresses _rows = null!;
    private AssemblerRegisterZMM[] _sums = [];
    private AssemblerRegisterZMM[] _broadcasts = [];
    private VectorOperand _signFlip;
    private int _broadcastsUsed;

    public override string Name => key.Name;

    // Steps that add up before the 16-bit sums are widened; each step by itself where there are none.
    private int Interval => Math.Max(1, key.Interval);

    private int Unroll => key.LoopSteps;

    private bool Joins => key.JoinsTail && key.TapBytes > Lane;

    // The step of which only some bytes may be read; -1 when there is none.
    private int PartialStep => key.TapBytes % Lane == 0 || Joins ? -1 : key.TapBytes / Lane;

    public static int Offset(string field) => (int)Marshal.OffsetOf<TileArguments>(field);

    protected override void EmitBody()
    {
        _code = VectorInstructions.For(key.Level, Asm, Constant);
        _rows = new RowAddresses(key, Asm, General, Depth);
        _sums = Vectors.Take(key.Rows * key.RowRegisters, "sums");
        _products = TileProducts.For(key, _code, _sums, Constant);
        SetMasks();
        var nextTile = Asm.CreateLabel();
        Asm.Label(ref nextTile);
        StartSums();
        EmitDepth();
        new TileEpilogueEmitter(key, Asm, Vectors, _sums, Constant).Emit();
        Asm.dec(Argument(nameof(TileArguments.Tiles)));
        Asm.jnz(nextTile);
    }

    private void SetMasks()
    {
        if (key.VectorBytes < 64) return;
        if (key.MaskedColumns) Asm.kmovw(k1, __word_ptr[Arguments + Offset(nameof(TileArguments.ColumnMask))]);
        if (PartialStep < 0) return;
        Asm.mov(eax, (1 << (key.TapBytes % Lane)) - 1);
        Asm.kmovw(k2, eax);
    }

    // Sums start at the bias, so that nothing has to be added later.
    private void StartSums()
    {
        Asm.mov(Columns, Argument(nameof(TileArguments.Bias)));
        for (var j = 0; j < key.RowRegisters; j++)
        {
            _code.Load(_sums[j], __[Columns + (key.VectorBytes * j)]);
            for (var i = 1; i < key.Rows; i++) _code.Copy(_sums[(i * key.RowRegisters) + j], _sums[j]);
        }
    }

    private void EmitDepth()
    {
        var mark = Vectors.Mark();
        TakeDepthRegisters();
        var remainder = new TileRemainderEmitter(key, Asm, Depth, Columns);
        if (key.HasRemainder) remainder.Start();
        Asm.mov(Columns, Argument(nameof(TileArguments.B)));
        if (key.Taps > 1) Asm.mov(Argument(nameof(TileArguments.TapsLeft)), key.Taps);
        var nextTap = Asm.CreateLabel();
        Asm.Label(ref nextTap);
        _rows.Load();
        EmitTap();
        if (key.HasRemainder) remainder.Emit(EmitRemainder);
        if (key.Taps > 1)
        {
            Asm.dec(Argument(nameof(TileArguments.TapsLeft)));
            Asm.jnz(nextTap);
        }
        Vectors.ReturnTo(mark);
    }

    private void TakeDepthRegisters()
    {
        _products.TakeRegisters(Vectors);
        if (key.Arithmetic == TileArithmetic.SignedBytes)
        {
            _signFlip = Constant([.. Enumerable.Repeat(0x80808080u, _code.Lanes)]);
            if (Vectors.Free > 2)
            {
                var register = Vectors.Take("the sign flip");
                _code.Load(register, _signFlip.Memory);
                _signFlip = register;
            }
        }
        _broadcasts = Vectors.Take(Math.Min(key.Rows * Interval, Vectors.Free), "broadcasts");
        if (_broadcasts.Length == 0) throw new EmissionException($"{Name} leaves no vector register for a broadcast.");
    }

    private void EmitTap()
    {
        var looped = key.LoopTurns * Unroll;
        if (looped > 0) EmitLoop(looped);
        EmitSteps(looped, key.TapGroups, looped);
        var straight = key.TapGroups - looped;
        if (key.Taps > 1 && straight > 0) Asm.add(Columns, 64 * straight);
    }

    private void EmitLoop(int steps)
    {
        Asm.xor(r13d, r13d);
        var loop = Asm.CreateLabel();
        Asm.Label(ref loop);
        EmitSteps(0, Unroll, origin: 0, indexed: true);
        Asm.add(Columns, 64 * Unroll);
        Asm.add(Depth, Lane * Unroll);
        if (key.AheadLines > 0) AskAhead();
        Asm.cmp(Depth, Lane * steps);
        Asm.jne(loop);
    }

    // No general register is free for the address: the columns' one serves for a moment.
    private void AskAhead()
    {
        Asm.mov(Argument(nameof(TileArguments.NextColumns)), Columns);
        Asm.mov(Columns, Argument(nameof(TileArguments.Ahead)));
        for (var line = 0; line < key.AheadLines; line++) Asm.prefetcht1(__byte_ptr[Columns + (CacheLine * line)]);
        Asm.add(Columns, CacheLine * key.AheadLines);
        Asm.mov(Argument(nameof(TileArguments.Ahead)), Columns);
        Asm.mov(Columns, Argument(nameof(TileArguments.NextColumns)));
    }

    private void EmitSteps(int first, int end, int origin, bool indexed = false)
    {
        for (var step = first; step < end; step += Interval)
            EmitInterval(step, Math.Min(step + Interval, end), origin, indexed || origin > 0);
    }

    private void EmitInterval(int first, int end, int origin, bool indexed)
    {
        for (var step = first; step < end; step++) StartStep(step - origin);
        for (var i = 0; i < key.Rows; i++)
        {
            for (var step = first; step < end; step++)
            {
                var broadcast = Broadcast(_rows.At(i, OffsetOf(step) - (Lane * origin), indexed), step == PartialStep);
                for (var j = 0; j < key.RowRegisters; j++)
                    _products.Multiply(i, j, broadcast, ColumnsAt(step - origin, j), step == first);
            }
            _products.EndRow(i, ..);
        }
    }

    // The last one to three bytes of a piece are read together with the ones before them, whose weights are zero here.
    private int OffsetOf(int step) => Joins && step == key.TapBytes / Lane ? key.TapBytes - Lane : Lane * step;

    private void StartStep(int step)
    {
        _products.StartStep(j => ColumnsAt(step, j));
        if (!key.Prefetch) return;
        for (var block = 0; block < key.Vectors; block++)
            Asm.prefetcht0(__byte_ptr[Columns + (block * key.PanelBytes) + (64 * (step + PrefetchSteps))]);
    }

    // One entry of the list: four bytes of every row, at Depth, by one block of columns.
    private void EmitRemainder(int block, AssemblerMemoryOperand columns)
    {
        var (first, end) = (block * key.RegistersPerVector, Math.Min((block + 1) * key.RegistersPerVector, key.RowRegisters));
        for (var i = 0; i < key.Rows; i++)
        {
            var broadcast = Broadcast(_rows.At(i, 0, indexed: true), key.TapBytes < Lane);
            for (var j = first; j < end; j++)
                _products.Multiply(i, j, broadcast, columns + ((j - first) * key.VectorBytes), first: true);
            _products.EndRow(i, first..end);
        }
    }

    private AssemblerRegisterZMM Broadcast(AssemblerMemoryOperand lane, bool partial)
    {
        var broadcast = _broadcasts[_broadcastsUsed++ % _broadcasts.Length];
        if (partial)
        {
            _code.LoadPartOfLane(broadcast, lane, key.TapBytes % Lane);
            _code.BroadcastFirst(broadcast, broadcast);
        }
        else _code.Broadcast(broadcast, lane);
        if (key.Arithmetic == TileArithmetic.SignedBytes) _code.Xor(broadcast, _signFlip);
        return broadcast;
    }

    private AssemblerMemoryOperand ColumnsAt(int step, int register)
    {
        var (vector, part) = Math.DivRem(register, key.RegistersPerVector);
        return __[Columns + (vector * key.PanelBytes) + (part * key.VectorBytes) + (64 * step)];
    }

    private static AssemblerMemoryOperand Argument(string field) => __qword_ptr[Arguments + Offset(field)];
}
