namespace ServingStack.Kernels.Gemm;

/// <summary>
/// Rows cut into blocks that all have the same number of rows, so that one kernel and one shape of tiles do for all. Where they do not
/// divide the rows, the last block begins earlier and computes some rows again.
/// </summary>
internal readonly record struct RowBlocks(int Rows, int BlockRows)
{
    public int Count => (Rows + BlockRows - 1) / BlockRows;

    /// <summary>Whether the last block does not begin where the one before it ends.</summary>
    public bool LastOverlaps => Rows % BlockRows != 0;

    /// <summary>The fewest blocks of at most <paramref name="mostRows"/> rows, with as few rows computed again as possible.</summary>
    public static RowBlocks Even(int rows, int mostRows) => new(rows, new RowTiles(rows, mostRows).LargeRows);

    public int FirstRow(int block) => Math.Min(block * BlockRows, Rows - BlockRows);

    public Range[] Ranges()
    {
        var blocks = this;
        return [.. Enumerable.Range(0, Count).Select(block => blocks.FirstRow(block)..(blocks.FirstRow(block) + blocks.BlockRows))];
    }
}
