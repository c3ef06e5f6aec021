namespace ServingStack.Kernels.Gemm;

/// <summary>Rows cut into blocks of two sizes: first the large ones, then the small ones.</summary>
internal readonly record struct RowBlocks(int LargeRows, int LargeCount, int SmallRows, int SmallCount)
{
    public int Count => LargeCount + SmallCount;

    /// <summary>As even as possible.</summary>
    public static RowBlocks Even(RowTiles tiles) =>
        new(tiles.LargeRows, tiles.LargeCount, Math.Max(1, tiles.LargeRows - 1), tiles.Count - tiles.LargeCount);

    /// <summary>Two runs of <paramref name="length"/> rows a block, and one that may be left.</summary>
    public static RowBlocks Pairs(int runs, int length) => new(2 * length, runs / 2, length, runs % 2);

    public int FirstRow(int block) => (Math.Min(block, LargeCount) * LargeRows) + (Math.Max(0, block - LargeCount) * SmallRows);
}
