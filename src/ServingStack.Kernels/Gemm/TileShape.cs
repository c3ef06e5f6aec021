using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Gemm;

/// <summary>How many rows and vectors of 16 columns one tile holds in registers.</summary>
internal readonly record struct TileShape(int Rows, int Vectors)
{
    /// <summary>General registers that are left for row addresses.</summary>
    public const int MaxRows = 12;

    public const int MaxVectors = 8;

    private const int MaxRowsOfAvx2 = 6;

    /// <summary>
    /// The tile for <paramref name="rows"/> rows and <paramref name="columnBlocks"/> blocks of 16 columns: many rows share each column
    /// load; few rows take more columns instead, so that enough independent sums hide the latency of a multiply-add.
    /// </summary>
    public static TileShape Choose(int rows, int columnBlocks, InstructionSet level = InstructionSet.Avx512Vnni)
    {
        var wide = level >= InstructionSet.Avx512Bw;
        var mostRows = !wide ? MaxRowsOfAvx2 : columnBlocks % 6 == 3 ? RowsFor(3) : MaxRows;
        var tileRows = new RowTiles(rows, mostRows).LargeRows;
        var mostVectors = Math.Min(Math.Min(wide ? VectorsFor(tileRows) : VectorsOfAvx2For(tileRows), MaxVectors), columnBlocks);
        var groups = (columnBlocks + mostVectors - 1) / mostVectors;
        return new TileShape(tileRows, (columnBlocks + groups - 1) / groups);
    }

    // Of 32 registers, beside the sums: one a block for columns or scales, two clamps, the residual and its scale.
    private static int VectorsFor(int rows) => 28 / (rows + 1);

    // Of 16 registers, beside the sums: two a block for columns, and two for broadcasts.
    private static int VectorsOfAvx2For(int rows) => Math.Max(1, 14 / (rows + 1) / 2);

    private static int RowsFor(int vectors) => (28 / vectors) - 1;
}
