namespace ServingStack.Kernels.Gemm;

/// <summary>
/// How a block of up to 32 rows uses the eight tile registers: four for sums, one or two for tiles of rows, the rest for columns. Two tiles
/// of rows meet up to 32 columns, one meets up to 64.
/// </summary>
internal readonly record struct TileBlock(int Rows)
{
    public const int Registers = 8;

    /// <summary>Rows of one tile.</summary>
    public const int TileRows = 16;

    /// <summary>Bytes of depth in one tile.</summary>
    public const int StepBytes = 64;

    public const int MostRows = 2 * TileRows;

    private const int Sums = 4;

    public int RowTiles => Rows > TileRows ? 2 : 1;

    public int MostVectors => Sums / RowTiles;

    /// <summary>Rows are spread evenly over the tiles: the time of a product grows with the rows of its tile.</summary>
    public int RowsOf(int tile) => tile == 0 ? (Rows + RowTiles - 1) / RowTiles : Rows / RowTiles;

    public int Sum(int row, int vector) => (row * MostVectors) + vector;

    public static int Row(int row) => Sums + row;

    /// <summary>The registers that are left take turns.</summary>
    public int Column(int vector) => Sums + RowTiles + (vector % (Registers - Sums - RowTiles));

    public int RowsInRegister(int register) => register < Sums ? RowsOf(register / MostVectors)
        : register < Sums + RowTiles ? RowsOf(register - Sums) : TileRows;
}
