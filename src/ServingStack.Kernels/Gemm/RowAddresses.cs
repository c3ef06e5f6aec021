using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// How a tile kernel addresses its rows: one general register a row, moved along by a common index.
/// </summary>
internal sealed class RowAddresses(TileKernelKey key, Assembler asm, AssemblerRegister64[] general, AssemblerRegister64 depth)
{
    private readonly AssemblerRegister64[] _rows = general[..key.Rows];

    /// <summary>The addresses of a piece's rows; the next piece's, or the next tile's, come after them.</summary>
    public void Load()
    {
        if (key.RowsFrom == TileRows.Strided) Compute();
        else Read();
    }

    /// <summary>Bytes of a row, <paramref name="offset"/> from its start, or from where the index is.</summary>
    public AssemblerMemoryOperand At(int row, int offset, bool indexed) => indexed
        ? __[_rows[row] + depth + offset]
        : __[_rows[row] + offset];

    private void Compute()
    {
        asm.mov(_rows[0], Argument(nameof(TileArguments.A)));
        asm.mov(depth, Argument(nameof(TileArguments.StrideA)));
        for (var i = 1; i < key.Rows; i++) asm.lea(_rows[i], __[_rows[i - 1] + depth]);
        asm.add(depth, _rows[key.Rows - 1]);
        asm.mov(Argument(nameof(TileArguments.A)), depth);
    }

    private void Read()
    {
        asm.mov(depth, Argument(nameof(TileArguments.A)));
        for (var i = 0; i < key.Rows; i++)
        {
            asm.mov(_rows[i], __qword_ptr[depth + (8 * i)]);
            if (key.RowsFrom == TileRows.OffsetTable) asm.add(_rows[i], Argument(nameof(TileArguments.RowOffset)));
        }
        asm.add(depth, 8 * key.Rows);
        asm.mov(Argument(nameof(TileArguments.A)), depth);
    }

    private static AssemblerMemoryOperand Argument(string field) => __qword_ptr[r15 + TileEmitter.Offset(field)];
}
