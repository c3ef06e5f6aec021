using ServingStack.Kernels.Jit;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// A tile product bound to memory. Blocks of rows that fit the second-level cache go past all columns, a group of columns at a time, so
/// that
/// A and the group's panel both stay near.
/// </summary>
internal sealed unsafe class BoundTiles : BoundProduct
{
    // Multiply-adds of about a microsecond: a part must be worth waking a worker for, and a call that long worth a transition.
    private const long MicrosecondOfWork = 500_000;

    private readonly TileProduct _product;
    private readonly TileOperands _operands;
    private readonly TileShape _shape;
    private readonly RowTiles _tiles;
    private readonly int _groups;
    private readonly int _tilesPerBlock;
    private readonly int _columnMask;
    private readonly int _shortCallTiles;
    private readonly TileAhead _ahead;

    // Code for the large and the small tiles; of whole column groups, and of the last group.
    private readonly EmittedKernel _large;
    private readonly EmittedKernel _small;
    private readonly EmittedKernel _lastLarge;
    private readonly EmittedKernel _lastSmall;

    /// <param name="product">The product.</param>
    /// <param name="operands">Where it reads and writes.</param>
    /// <param name="next">The product that runs after it, when all of them in turn read more columns than stay in the cache.</param>
    public BoundTiles(TileProduct product, TileOperands operands, TileProduct? next = null)
    {
        _product = product;
        _operands = operands;
        _shape = product.Shape(operands.Rows);
        _tiles = new RowTiles(operands.Rows, _shape.Rows);
        var blocks = product.Panels.Blocks;
        _groups = (blocks + _shape.Vectors - 1) / _shape.Vectors;
        var tailColumns = product.Panels.Columns % 16;
        _columnMask = (1 << (tailColumns == 0 ? 16 : tailColumns)) - 1;
        _tilesPerBlock = Math.Min(ChooseTilesPerBlock(next), _tiles.Count);
        _ahead = new TileAhead(product, operands, _shape, _tilesPerBlock, _groups, next);
        _shortCallTiles = (int)(MicrosecondOfWork / Math.Max(1, (long)_shape.Rows * _shape.Vectors * 16 * product.Taps * product.TapBytes));

        var lastVectors = blocks - ((_groups - 1) * _shape.Vectors);
        var smallRows = Math.Max(1, _tiles.LargeRows - 1);
        var hasSmall = _tiles.LargeCount < _tiles.Count;
        _lastLarge = product.Kernel(_tiles.LargeRows, lastVectors, tailColumns, _ahead);
        _lastSmall = hasSmall ? product.Kernel(smallRows, lastVectors, tailColumns, _ahead) : _lastLarge;
        _large = _groups > 1 ? product.Kernel(_tiles.LargeRows, _shape.Vectors, tailColumns: 0, _ahead) : _lastLarge;
        _small = _groups > 1 && hasSmall ? product.Kernel(smallRows, _shape.Vectors, tailColumns: 0, _ahead) : _large;
        KernelName = product.KernelName(_shape);
        var work = (long)operands.Rows * product.Panels.Columns * product.Taps * product.TapBytes;
        MaxParts = (int)Math.Clamp(work / MicrosecondOfWork, 1, Math.Max(_tiles.Count, _groups));
    }

    public override string KernelName { get; }

    public override int MaxParts { get; }

    public override void Run(int part, int parts)
    {
        if (_tiles.Count >= parts) RunTiles(default, Share(_tiles.Count, part, parts), Share(_tiles.Count, part + 1, parts), 0, _groups);
        else RunTiles(default, 0, _tiles.Count, Share(_groups, part, parts), Share(_groups, part + 1, parts));
    }

    /// <summary>Computes a share of the columns for rows that lie, and go, <paramref name="shift"/> from where they were bound.</summary>
    public void RunColumns(TileShift shift, int part, int parts) =>
        RunTiles(shift, 0, _tiles.Count, Share(_groups, part, parts), Share(_groups, part + 1, parts));

    /// <summary>The columns that <see cref="RunColumns"/> computes.</summary>
    public (int First, int End) ColumnsOf(int part, int parts) => (
        Share(_groups, part, parts) * _shape.Vectors * 16,
        Math.Min(Share(_groups, part + 1, parts) * _shape.Vectors * 16, _product.Panels.Columns));

    /// <summary>Into how many shares <see cref="RunColumns"/> can cut.</summary>
    public int ColumnParts => _groups;

    public override (int First, int End) RowsOf(int part, int parts) => _tiles.Count < parts
        ? (0, _operands.Rows)
        : (_tiles.FirstRow(Share(_tiles.Count, part, parts)), _tiles.FirstRow(Share(_tiles.Count, part + 1, parts)));

    // A block's rows stay in the second-level cache while all columns go past. Where the columns come from farther away each time, one pass
    // over them with all rows may move fewer bytes, although the rows are then read once for each group. Rows that are asked for a block
    // ahead need not fill the cache: the first block's come too late.
    private int ChooseTilesPerBlock(TileProduct? next)
    {
        var cache = MachineFeatures.Current.Caches.L2;
        var tileBytes = Math.Max(1, _tiles.LargeRows * _operands.RowFootprint);
        if (!TileAhead.ColumnsAreFar(_product, next))
            return Math.Max(1, cache / (TileAhead.RowsAreFar(_product, _operands) ? 16 : 4) / tileBytes);
        var fitting = Math.Max(1, cache / 2 / tileBytes);
        var columnBytes = (long)_product.Panels.ByteLength;
        var rowBytes = (long)_operands.Rows * _operands.RowFootprint;
        var blocks = (_tiles.Count + fitting - 1) / fitting;
        return (columnBytes * blocks) + rowBytes <= columnBytes + (rowBytes * _groups) ? fitting : _tiles.Count;
    }

    private static int Share(int total, int part, int parts) => (int)((long)total * part / parts);

    private void RunTiles(TileShift shift, int firstTile, int endTile, int firstGroup, int endGroup)
    {
        TileArguments arguments;
        SetConstants(&arguments);
        for (var tile = firstTile; tile < endTile; tile += _tilesPerBlock)
        {
            var end = Math.Min(tile + _tilesPerBlock, endTile);
            for (var group = firstGroup; group < endGroup; group++) RunBlock(&arguments, shift, tile, end, group);
        }
    }

    private void RunBlock(TileArguments* arguments, TileShift shift, int tile, int end, int group)
    {
        PointAt(arguments, shift, _tiles.FirstRow(tile), group);
        var columnsEnd = Math.Min(tile + _ahead.ColumnTiles, end);
        if (columnsEnd > tile)
        {
            arguments->Ahead = _ahead.Columns(group);
            RunTilesOf(arguments, tile, columnsEnd, group);
        }
        if (end == columnsEnd) return;
        var next = _tiles.FirstRow(end);
        arguments->Ahead = shift.A + _ahead.Rows(next, next - _tiles.FirstRow(tile), group);
        RunTilesOf(arguments, columnsEnd, end, group);
    }

    private void RunTilesOf(TileArguments* arguments, int tile, int end, int group)
    {
        var (large, small) = group == _groups - 1 ? (_lastLarge, _lastSmall) : (_large, _small);
        var largeEnd = Math.Clamp(_tiles.LargeCount, tile, end);
        if (largeEnd > tile) Call(large, arguments, largeEnd - tile);
        if (end > largeEnd) Call(small, arguments, end - largeEnd);
    }

    private void SetConstants(TileArguments* arguments)
    {
        var constants = _product.Constants;
        *arguments = TileArguments.Of(constants, _columnMask) with
        {
            StrideA = _operands.StrideA,
            RowOffset = _operands.RowOffset,
            StrideC = _operands.StrideC,
            StrideResidual = _operands.StrideResidual,
        };
    }

    private void PointAt(TileArguments* arguments, TileShift shift, int row, int group)
    {
        var block = group * _shape.Vectors;
        var rowStep = _product.Rows == TileRows.Strided ? _operands.StrideA : _product.Taps * sizeof(nint);
        arguments->A = shift.A + _operands.A + (row * rowStep);
        arguments->B = _product.Panels.Block(block);
        arguments->Bias = _product.Panels.Bias(block);
        arguments->Scale = _product.Panels.Scale(block);
        arguments->RemainderTable = _product.Panels.RemainderTable(block);
        arguments->C = shift.C + _operands.C + (row * _operands.StrideC) + (block * 16 * _product.Epilogue.Output.Size());
        if (_product.Epilogue.Residual is { } residual)
            arguments->Residual = shift.Residual + _operands.Residual + (row * _operands.StrideResidual) + (block * 16 * residual.Size());
    }

    // A short call skips the runtime's transition, and with it some nanoseconds; a long one must let the garbage collector go on meanwhile.
    private void Call(EmittedKernel kernel, TileArguments* arguments, int tiles)
    {
        arguments->Tiles = tiles;
        if (tiles <= _shortCallTiles) ((delegate* unmanaged[SuppressGCTransition]<TileArguments*, void>)kernel.Address)(arguments);
        else ((delegate* unmanaged<TileArguments*, void>)kernel.Address)(arguments);
    }
}
