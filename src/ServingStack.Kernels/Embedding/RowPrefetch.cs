using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Embedding;

/// <summary>How rows are asked for before they are needed.</summary>
/// <param name="Distance">Rows between the one that is asked for and the one that is added; 0 asks for none.</param>
/// <param name="IntoSecondLevel">
/// Only as far as the second-level cache, which can keep more questions open than the first: better for rows of many lines.
/// </param>
internal readonly record struct RowPrefetch(int Distance, bool IntoSecondLevel = false)
{
    public override string ToString() => $"p{Distance}{(IntoSecondLevel ? "s" : "")}";

    /// <summary>Asks for every line of the row at two registers' sum.</summary>
    public void Emit(Assembler asm, AssemblerRegister64 table, AssemblerRegister64 row, int rowBytes, int stride)
    {
        foreach (var offset in RowLines.Offsets(rowBytes, stride))
            if (IntoSecondLevel) asm.prefetcht1(__byte_ptr[table + row + offset]);
            else asm.prefetcht0(__byte_ptr[table + row + offset]);
    }
}
