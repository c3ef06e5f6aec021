using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// Walks the lists of weights that would have left 16 bits (<see cref="PairSplit"/>): after each piece of the rows, for each block of
/// columns, entries of an offset and 64 bytes of weights, up to a negative offset.
/// </summary>
internal sealed class TileRemainderEmitter(TileKernelKey key, Assembler asm, AssemblerRegister64 depth, AssemblerRegister64 columns)
{
    /// <summary>At the start of a tile: every block's list from its beginning.</summary>
    public void Start()
    {
        asm.mov(depth, Argument(nameof(TileArguments.RemainderTable)));
        for (var block = 0; block < key.Vectors; block++)
        {
            asm.mov(columns, __qword_ptr[depth + (sizeof(long) * block)]);
            asm.mov(Next(block), columns);
        }
    }

    /// <summary>At the end of a piece: one loop a block.</summary>
    /// <param name="multiply">Multiplies what lies at the index of the rows by the block's weights at an address.</param>
    public void Emit(Action<int, AssemblerMemoryOperand> multiply)
    {
        if (key.Taps > 1) asm.mov(Argument(nameof(TileArguments.NextColumns)), columns);
        for (var block = 0; block < key.Vectors; block++) EmitBlock(block, multiply);
        if (key.Taps > 1) asm.mov(columns, Argument(nameof(TileArguments.NextColumns)));
    }

    private void EmitBlock(int block, Action<int, AssemblerMemoryOperand> multiply)
    {
        var (loop, done) = (asm.CreateLabel(), asm.CreateLabel());
        asm.mov(columns, Next(block));
        asm.Label(ref loop);
        asm.movsxd(depth, __dword_ptr[columns]);
        asm.add(columns, sizeof(int));
        asm.test(depth, depth);
        asm.js(done);
        multiply(block, __[columns]);
        asm.add(columns, PairSplit.EntryBytes);
        asm.jmp(loop);
        asm.Label(ref done);
        if (key.Taps > 1) asm.mov(Next(block), columns);
    }

    private static AssemblerMemoryOperand Next(int block) =>
        __qword_ptr[r15 + TileEmitter.Offset(nameof(TileArguments.Remainders)) + (sizeof(long) * block)];

    private static AssemblerMemoryOperand Argument(string field) => __qword_ptr[r15 + TileEmitter.Offset(field)];
}
