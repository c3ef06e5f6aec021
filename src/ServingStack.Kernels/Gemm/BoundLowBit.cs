using System.Numerics;
using ServingStack.Kernels.Jit;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// A 4-bit product bound to memory. Blocks of rows are prepared (quantized, interleaved) and then go past all columns, a group of columns at
/// a time: prepared rows stay in the second-level cache, the group's weights in the first.
/// </summary>
internal sealed unsafe class BoundLowBit : BoundKernel
{
    // Multiply-adds of about a microsecond: a part must be worth waking a worker for, and a call that long worth a transition.
    private const long MicrosecondOfWork = 500_000;
    private const int Lanes = 16;
    // Of the second-level cache, a 16th: rows that are asked for ahead, weights and results pass through it, too.
    private const int PreparedShare = 16;

    private readonly EmittedLowBit _product;
    private readonly GemmOperands _operands;
    private readonly TileShape _shape;
    private readonly RowTiles _tiles;
    private readonly int _groups;
    private readonly int _columnMask;
    private readonly int _shortCallTiles;
    private readonly int _tilesPerBlock;
    private readonly PreparedRows[] _prepared;

    // Code for the large and the small tiles; of whole column groups, and of the last group.
    private readonly EmittedKernel _large;
    private readonly EmittedKernel _small;
    private readonly EmittedKernel _lastLarge;
    private readonly EmittedKernel _lastSmall;
    private readonly EmittedKernel? _outliers;
    private readonly RowPreparation? _preparation;

    public BoundLowBit(EmittedLowBit product, GemmOperands operands)
    {
        (_product, _operands) = (product, operands);
        _shape = product.Shape(operands.M);
        _tiles = new RowTiles(operands.M, _shape.Rows);
        _groups = (product.Panels.Blocks + _shape.Vectors - 1) / _shape.Vectors;
        var tail = product.Problem.N % Lanes;
        _columnMask = (1 << (tail == 0 ? Lanes : tail)) - 1;
        var lastVectors = product.Panels.Blocks - ((_groups - 1) * _shape.Vectors);
        var smallRows = Math.Max(1, _tiles.LargeRows - 1);
        var hasSmall = _tiles.LargeCount < _tiles.Count;
        _lastLarge = product.Kernel(_tiles.LargeRows, lastVectors, tail != 0);
        _lastSmall = hasSmall ? product.Kernel(smallRows, lastVectors, tail != 0) : _lastLarge;
        _large = _groups > 1 ? product.Kernel(_tiles.LargeRows, _shape.Vectors, masked: false) : _lastLarge;
        _small = _groups > 1 && hasSmall ? product.Kernel(smallRows, _shape.Vectors, masked: false) : _large;
        KernelName = product.KernelName(_shape);

        var depth = (long)product.Steps * LowBitPanels.StepDepth;
        _shortCallTiles = (int)(MicrosecondOfWork / Math.Max(1, depth * _shape.Rows * _shape.Vectors * Lanes));
        var work = depth * operands.M * product.Problem.N;
        MaxParts = (int)Math.Clamp(work / MicrosecondOfWork, 1, Math.Min(Math.Max(_tiles.Count, _groups), Environment.ProcessorCount));
        var lanes = product.Outliers is null ? 0 : (int)BitOperations.RoundUpToPowerOf2((uint)_tiles.LargeRows);
        if (lanes > 0) _outliers = EmittedLowBit.OutlierKernel(lanes);
        var layout = new PreparedLayout(product, _tiles.LargeRows, lanes);
        _tilesPerBlock = (int)Math.Clamp(MachineFeatures.Current.Caches.L2 / PreparedShare / layout.TileBytes, 1, _tiles.Count);
        _prepared = new PreparedRows[MaxParts];
        if (product.Preparation(_tiles.LargeRows) is { } prepareLarge)
            _preparation = new RowPreparation(prepareLarge, hasSmall ? product.Preparation(smallRows)! : prepareLarge, operands, _tiles);
        for (var part = 0; part < MaxParts; part++) _prepared[part] = new PreparedRows(layout, _tilesPerBlock, _shape.Vectors);
    }

    public override string KernelName { get; }

    public override int MaxParts { get; }

    public override void Run(int part, int parts)
    {
        if (_tiles.Count >= parts) RunTiles(_prepared[part], Share(_tiles.Count, part, parts), Share(_tiles.Count, part + 1, parts), 0, _groups);
        else RunTiles(_prepared[part], 0, _tiles.Count, Share(_groups, part, parts), Share(_groups, part + 1, parts));
    }

    private static int Share(int total, int part, int parts) => (int)((long)total * part / parts);

    private void RunTiles(PreparedRows prepared, int firstTile, int endTile, int firstGroup, int endGroup)
    {
        LowBitArguments arguments;
        SetConstants(&arguments, prepared);
        for (var tile = firstTile; tile < endTile; tile += _tilesPerBlock)
        {
            var end = Math.Min(tile + _tilesPerBlock, endTile);
            Prepare(prepared, tile, end);
            for (var group = firstGroup; group < endGroup; group++)
                if (_outliers is null) RunBlock(&arguments, prepared, tile, end, group);
                else RunWithOutliers(&arguments, prepared, tile, end, group);
        }
    }

    private void Prepare(PreparedRows prepared, int tile, int end)
    {
        if (_preparation is not null)
        {
            _preparation.Fill(prepared, tile, end);
            return;
        }
        for (var i = tile; i < end; i++) prepared.Fill(i - tile, _operands, _tiles.FirstRow(i), _tiles.FirstRow(i + 1));
    }

    private void RunBlock(LowBitArguments* arguments, PreparedRows prepared, int tile, int end, int group)
    {
        var (large, small) = group == _groups - 1 ? (_lastLarge, _lastSmall) : (_large, _small);
        PointAt(arguments, prepared, 0, _tiles.FirstRow(tile), group);
        var largeEnd = Math.Clamp(_tiles.LargeCount, tile, end);
        if (largeEnd > tile) Call(large, arguments, largeEnd - tile);
        if (end > largeEnd) Call(small, arguments, end - largeEnd);
    }

    private void RunWithOutliers(LowBitArguments* arguments, PreparedRows prepared, int tile, int end, int group)
    {
        var (large, small) = group == _groups - 1 ? (_lastLarge, _lastSmall) : (_large, _small);
        var vectors = Math.Min(_shape.Vectors, _product.Panels.Blocks - (group * _shape.Vectors));
        OutlierArguments outliers;
        for (var i = tile; i < end; i++)
        {
            outliers.A = prepared.Floats(i - tile);
            outliers.Stride = vectors * Lanes * sizeof(float);
            for (var j = 0; j < vectors; j++)
            {
                outliers.Words = _product.Outliers!.Block((group * _shape.Vectors) + j);
                outliers.Sums = prepared.OutlierSums + (j * Lanes * sizeof(float));
                ((delegate* unmanaged[SuppressGCTransition]<OutlierArguments*, void>)_outliers!.Address)(&outliers);
            }
            PointAt(arguments, prepared, i - tile, _tiles.FirstRow(i), group);
            Call(i < _tiles.LargeCount ? large : small, arguments, 1);
        }
    }

    private void SetConstants(LowBitArguments* arguments, PreparedRows prepared)
    {
        var constants = _product.Constants;
        *arguments = new LowBitArguments
        {
            Outliers = prepared.OutlierSums,
            Tile = TileArguments.Of(constants, _columnMask) with
            {
                StrideA = prepared.TileBytes,
                StrideC = _operands.StrideC,
                StrideResidual = _operands.StrideResidual,
            },
        };
    }

    private void PointAt(LowBitArguments* arguments, PreparedRows prepared, int preparedTile, int row, int group)
    {
        var block = group * _shape.Vectors;
        var problem = _product.Problem;
        arguments->Tile.A = prepared.Tile(preparedTile);
        arguments->RowScales = prepared.Scales(preparedTile);
        arguments->Tile.B = _product.Panels.Panel(block);
        arguments->BlockScales = _product.Panels.Scales(block);
        arguments->ZeroPoints = _product.Panels.ZeroPoints(block);
        arguments->Tile.Bias = _product.Panels.Bias(block);
        arguments->Tile.Scale = _product.Panels.ChannelScales(block);
        arguments->Tile.C = _operands.C + (row * _operands.StrideC) + (block * Lanes * problem.Epilogue.Output.Size());
        if (problem.Epilogue.Residual is { } residual)
            arguments->Tile.Residual = _operands.Residual + (row * _operands.StrideResidual) + (block * Lanes * residual.Size());
    }

    // A short call skips the runtime's transition, and with it some nanoseconds; a long one must let the garbage collector go on meanwhile.
    private void Call(EmittedKernel kernel, LowBitArguments* arguments, int tiles)
    {
        arguments->Tile.Tiles = tiles;
        if (tiles <= _shortCallTiles) ((delegate* unmanaged[SuppressGCTransition]<LowBitArguments*, void>)kernel.Address)(arguments);
        else ((delegate* unmanaged<LowBitArguments*, void>)kernel.Address)(arguments);
    }
}
