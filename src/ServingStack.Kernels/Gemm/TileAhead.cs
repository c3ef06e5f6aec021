using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// What a block of tiles asks into the second-level cache while it multiplies: the next group of columns, then a share of the next block's
/// rows. Only what comes from farther away is asked for, evenly over the block, so that neither waits for memory nor fills its queues.
/// </summary>
internal sealed class TileAhead
{
    // More at once would come no faster than it is read.
    private const int MostLines = 8;
    private const int CacheLine = 64;

    private readonly TileProduct _product;
    private readonly TileProduct _next;
    private readonly TileOperands _operands;
    private readonly int _vectors;
    private readonly int _groups;

    /// <param name="product">The product.</param>
    /// <param name="operands">Where it reads.</param>
    /// <param name="shape">Of its tiles.</param>
    /// <param name="tilesPerBlock">Tiles that meet a group of columns one after another.</param>
    /// <param name="groups">Groups of columns.</param>
    /// <param name="next">The product that runs after it; itself when null.</param>
    public TileAhead(TileProduct product, TileOperands operands, TileShape shape, int tilesPerBlock, int groups, TileProduct? next)
    {
        (_product, _next, _operands, _vectors, _groups) = (product, next ?? product, operands, shape.Vectors, groups);
        var key = product.Key(shape.Rows, shape.Vectors, masked: false);
        var turns = product.Taps * key.LoopTurns;
        if (turns == 0) return;
        var columns = tilesPerBlock > 1 && ColumnsAreFar(product, next) ? shape.Vectors * key.PanelBytes / CacheLine : 0;
        var rows = RowsAreFar(product, operands) ? LinesOf(tilesPerBlock * shape.Rows) / groups : 0;
        var lines = (columns + rows + ((long)turns * tilesPerBlock) - 1) / ((long)turns * tilesPerBlock);
        Lines = (int)Math.Min(lines, MostLines);
        ColumnTiles = columns == 0 ? 0 : rows == 0 ? tilesPerBlock : (int)((columns + (turns * Lines) - 1) / (turns * Lines));
    }

    /// <summary>Lines that each turn of a kernel's loop asks for; 0 when all is near.</summary>
    public int Lines { get; }

    /// <summary>Tiles of a block that ask for columns; the others ask for rows.</summary>
    public int ColumnTiles { get; }

    /// <summary>Whether columns do not stay in the second-level cache from one block of rows to the next.</summary>
    public static bool ColumnsAreFar(TileProduct product, TileProduct? next) =>
        next is not null || product.Panels.ByteLength > MachineFeatures.Current.Caches.L2 / 2;

    /// <summary>Whether rows come from beyond the second-level cache, and are known to lie one behind the other.</summary>
    public static bool RowsAreFar(TileProduct product, TileOperands operands) =>
        product.Rows == TileRows.Strided && operands.StrideA <= 2 * operands.RowFootprint
        && operands.Rows * (long)operands.StrideA > MachineFeatures.Current.Caches.L2 / 2;

    /// <summary>The columns after a group.</summary>
    public nint Columns(int group) =>
        group < _groups - 1 ? _product.Panels.Block((group + 1) * _vectors) : _next.Panels.Block(0);

    /// <summary>The share of a group in the rows from <paramref name="row"/> on.</summary>
    public nint Rows(int row, int rows, int group) =>
        _operands.A + (row * _operands.StrideA) + (nint)(LinesOf(rows) / _groups * group * CacheLine);

    private long LinesOf(int rows) => rows * (long)_operands.StrideA / CacheLine;
}
