namespace ServingStack.Kernels.Gemm;

/// <summary>
/// Rows cut into the fewest tiles of at most <paramref name="mostRows"/> rows, as even as possible: first the ones with a row more. (Even
/// tiles run better than full ones followed by a thin remainder.)
/// </summary>
internal readonly struct RowTiles(int rows, int mostRows)
{
    public int Rows { get; } = rows;

    public int Count { get; } = (rows + mostRows - 1) / mostRows;

    /// <summary>How many tiles have <see cref="LargeRows"/> rows; the others have one less.</summary>
    public int LargeCount => Rows - (Count * (LargeRows - 1));

    public int LargeRows => (Rows + Count - 1) / Count;

    /// <summary>The first row of a tile; of tile <see cref="Count"/>, the row after the last.</summary>
    public int FirstRow(int tile) => (tile * (LargeRows - 1)) + Math.Min(tile, LargeCount);

    public Range[] Ranges()
    {
        var tiles = this;
        return [.. Enumerable.Range(0, Count).Select(tile => tiles.FirstRow(tile)..tiles.FirstRow(tile + 1))];
    }
}
