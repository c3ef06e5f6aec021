using System.Runtime.InteropServices;
using Iced.Intel;
using ServingStack.Kernels.Jit;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// Blocks of up to 32 rows on AMX tiles: per step of 64 bytes of depth, two tiles of rows meet two of columns. A finished block's sums go
/// to a scratch in the first-level cache; the vector units bring them through the epilogue, a few rows a step, while the tile unit
/// multiplies the next block.
/// </summary>
internal sealed class AmxTileEmitter(AmxKernelKey key) : KernelEmitter
{
    // Straight code up to here, loops beyond.
    private const int StraightSteps = 12;

    // Sums finished at once; a multiple of what is packed into one vector of bytes.
    private const int VectorsPerPiece = 8;

    private static readonly AssemblerRegister64 Sums = rdi;
    private static readonly AssemblerRegister64 Columns = rbp;
    private static readonly AssemblerRegister64[] Rows = [r8, r9];
    private static readonly AssemblerRegister64 RowStride = r10;
    private static readonly AssemblerRegister64 ColumnStride = r11;
    private static readonly AssemblerRegister64 Count = r13;
    private static readonly AssemblerRegister64 Table = r14;

    private readonly TileKernelKey _block = key.Block;
    private readonly TileBlock _tiles = new(key.Block.Rows);
    private AssemblerMemoryOperand? _laneOrder;

    public override string Name => key.Name;

    private int RowTiles => _tiles.RowTiles;

    private int RowsPerPiece => VectorsPerPiece / _block.Vectors;

    private int Pieces => (_block.Rows + RowsPerPiece - 1) / RowsPerPiece;

    private int SumRowBytes => 64 * _block.Vectors;

    private static AssemblerRegisterTMM Tile(int register) => new(Register.TMM0 + register);

    private AssemblerRegisterTMM SumTile(int row, int vector) => Tile(_tiles.Sum(row, vector));

    private static AssemblerRegisterTMM RowTile(int row) => Tile(TileBlock.Row(row));

    private AssemblerRegisterTMM ColumnTile(int vector) => Tile(_tiles.Column(vector));

    protected override void EmitBody()
    {
        var (multiplyOnly, overlap, stored, last, end) =
            (Asm.CreateLabel(), Asm.CreateLabel(), Asm.CreateLabel(), Asm.CreateLabel(), Asm.CreateLabel());
        if (_block.MaskedColumns) Asm.kmovw(k1, __word_ptr[Arguments + TileEmitter.Offset(nameof(TileArguments.ColumnMask))]);
        Asm.mov(ColumnStride, TileBlock.StepBytes);
        Asm.cmp(Argument(nameof(AmxArguments.HasWaiting)), 0);
        Asm.je(multiplyOnly);
        Asm.cmp(Waiting(nameof(TileArguments.Tiles)), 0);
        Asm.je(last);
        Asm.Label(ref overlap);
        EmitBlock(Pieces);
        Asm.jmp(stored);
        Asm.Label(ref multiplyOnly);
        EmitBlock(pieces: 0);
        Asm.Label(ref stored);
        StoreSums();
        PassOn();
        Asm.dec(Waiting(nameof(TileArguments.Tiles)));
        Asm.jnz(overlap);
        Asm.jmp(end);
        Asm.Label(ref last);
        EmitLastEpilogue();
        Asm.Label(ref end);
        Asm.nop();
    }

    /// <summary>Multiplies a block, and finishes that many pieces of the one before between its steps.</summary>
    private void EmitBlock(int pieces)
    {
        StartSums();
        PointAtRows();
        if (pieces > 0) Asm.mov(Sums, Argument(nameof(AmxArguments.Sums)));
        if (key.Steps <= StraightSteps)
        {
            for (var step = 0; step < key.Steps; step++)
            {
                EmitStep(step);
                for (var piece = pieces * step / key.Steps; piece < pieces * (step + 1) / key.Steps; piece++) EmitPiece(piece);
            }
            return;
        }
        var whole = pieces > 0 ? _block.Rows / RowsPerPiece : 0;
        Loop(whole, () =>
        {
            EmitStep(0);
            Advance(1);
            EmitPiece(0);
        });
        if (whole < pieces) EmitPiece(whole);
        var left = key.Steps - whole;
        Loop(left / 2, () =>
        {
            EmitStep(0);
            EmitStep(1);
            Advance(2);
        });
        if (left % 2 != 0) EmitStep(0);
    }

    private void Loop(int times, Action body)
    {
        if (times == 0) return;
        Asm.mov(Count, times);
        var loop = Asm.CreateLabel();
        Asm.Label(ref loop);
        body();
        Asm.dec(Count);
        Asm.jnz(loop);
    }

    // A stride of zero gives every row of a tile the same bias.
    private void StartSums()
    {
        Asm.mov(Columns, Waiting(nameof(TileArguments.Bias)));
        Asm.xor(esi, esi);
        for (var row = 0; row < RowTiles; row++)
            for (var vector = 0; vector < _block.Vectors; vector++)
                Asm.tileloadd(SumTile(row, vector), __[Columns + rsi + (64 * vector)]);
    }

    private void PointAtRows()
    {
        Asm.mov(Columns, Waiting(nameof(TileArguments.B)));
        Asm.mov(RowStride, Waiting(nameof(TileArguments.StrideA)));
        var rows = Waiting(nameof(TileArguments.A));
        if (_block.RowsFrom == TileRows.Table)
        {
            Asm.mov(Table, rows);
            Asm.add(rows, 8 * RowTiles * key.Steps);
            return;
        }
        Asm.mov(Rows[0], rows);
        if (RowTiles > 1)
        {
            Asm.imul(Rows[1], RowStride, _tiles.RowsOf(0));
            Asm.add(Rows[1], Rows[0]);
        }
        Asm.imul(Table, RowStride, _block.Rows);
        Asm.add(rows, Table);
    }

    private void EmitStep(int step)
    {
        LoadRows(0, step);
        for (var vector = 0; vector < _block.Vectors; vector++)
        {
            Asm.tileloadd(ColumnTile(vector), __[Columns + ColumnStride + ((vector * _block.PanelBytes) + (1024 * step))]);
            Multiply(0, vector);
        }
        if (RowTiles == 1) return;
        LoadRows(1, step);
        for (var vector = 0; vector < _block.Vectors; vector++) Multiply(1, vector);
    }

    private void LoadRows(int tile, int step)
    {
        if (_block.RowsFrom == TileRows.Table)
        {
            Asm.mov(Rows[tile], __qword_ptr[Table + (8 * ((RowTiles * step) + tile))]);
            Asm.tileloadd(RowTile(tile), __[Rows[tile] + RowStride]);
        }
        else Asm.tileloadd(RowTile(tile), __[Rows[tile] + RowStride + (TileBlock.StepBytes * step)]);
    }

    private void Multiply(int row, int vector)
    {
        if (_block.Arithmetic == TileArithmetic.SignedBytes) Asm.tdpbssd(SumTile(row, vector), RowTile(row), ColumnTile(vector));
        else Asm.tdpbusd(SumTile(row, vector), RowTile(row), ColumnTile(vector));
    }

    private void Advance(int steps)
    {
        Asm.add(Columns, 1024 * steps);
        if (_block.RowsFrom == TileRows.Table) Asm.add(Table, 8 * RowTiles * steps);
        else for (var tile = 0; tile < RowTiles; tile++) Asm.add(Rows[tile], TileBlock.StepBytes * steps);
    }

    private void StoreSums()
    {
        Asm.mov(Sums, Argument(nameof(AmxArguments.Sums)));
        Asm.mov(RowStride, SumRowBytes);
        for (var row = 0; row < RowTiles; row++)
            for (var vector = 0; vector < _block.Vectors; vector++)
                Asm.tilestored(__[Sums + RowStride + ((row * _tiles.RowsOf(0) * SumRowBytes) + (64 * vector))], SumTile(row, vector));
    }

    // The block just multiplied is the one that waits now.
    private void PassOn()
    {
        Pass(nameof(AmxArguments.NextC), nameof(TileArguments.C), nameof(TileArguments.StrideC));
        if (_block.Residual is not null)
            Pass(nameof(AmxArguments.NextResidual), nameof(TileArguments.Residual), nameof(TileArguments.StrideResidual));
        Asm.mov(rax, Argument(nameof(AmxArguments.NextScale)));
        Asm.mov(Waiting(nameof(TileArguments.Scale)), rax);
        Asm.mov(Argument(nameof(AmxArguments.HasWaiting)), 1);
    }

    private void Pass(string next, string waiting, string stride)
    {
        Asm.mov(rax, Argument(next));
        Asm.mov(Waiting(waiting), rax);
        Asm.imul(rbx, Waiting(stride), _block.Rows);
        Asm.add(rax, rbx);
        Asm.mov(Argument(next), rax);
    }

    private void EmitLastEpilogue()
    {
        Asm.mov(Sums, Argument(nameof(AmxArguments.Sums)));
        var whole = _block.Rows / RowsPerPiece;
        Loop(whole, () => EmitPiece(0));
        if (whole < Pieces) EmitPiece(whole);
        Asm.mov(Argument(nameof(AmxArguments.HasWaiting)), 0);
    }

    private void EmitPiece(int piece)
    {
        var rows = Math.Min(RowsPerPiece, _block.Rows - (piece * RowsPerPiece));
        var mark = Vectors.Mark();
        var sums = Vectors.Take(rows * _block.Vectors, "sums");
        for (var i = 0; i < sums.Length; i++) Asm.vmovups(sums[i], __zmmword_ptr[Sums + (64 * i)]);
        Asm.add(Sums, 64 * sums.Length);
        new TileEpilogueEmitter(_block, Asm, Vectors, sums, words => _laneOrder ??= Constant(words)).Emit();
        Vectors.ReturnTo(mark);
    }

    private static AssemblerMemoryOperand Waiting(string field) => __qword_ptr[Arguments + TileEmitter.Offset(field)];

    private static AssemblerMemoryOperand Argument(string field) =>
        __qword_ptr[Arguments + (int)Marshal.OffsetOf<AmxArguments>(field)];
}
