using System.Runtime.InteropServices;
using ServingStack.Kernels.Jit;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// A product with 16-bit weights bound to memory. Blocks of rows go past all columns, a group of columns at a time; where activations are
/// rounded, a block's rows are rounded first.
/// </summary>
internal sealed unsafe class BoundHalfGemm : BoundKernel
{
    // Multiply-adds of about a microsecond: a part must be worth waking a worker for, and a call that long worth a transition.
    private const long MicrosecondOfWork = 100_000;
    private const int Lanes = 16;

    private readonly EmittedHalfGemm _product;
    private readonly GemmOperands _operands;
    private readonly TileShape _shape;
    private readonly RowTiles _tiles;
    private readonly int _groups;
    private readonly int _columnMask;
    private readonly int _shortCallTiles;
    private readonly int _tilesPerBlock;
    // For each part a block of rounded tiles; empty where rows are read in place.
    private readonly uint[] _rounded;
    private readonly int _tileWords;

    // Code for the large and the small tiles; of whole column groups, and of the last group.
    private readonly EmittedKernel _large;
    private readonly EmittedKernel _small;
    private readonly EmittedKernel _lastLarge;
    private readonly EmittedKernel _lastSmall;

    public BoundHalfGemm(EmittedHalfGemm product, GemmOperands operands)
    {
        (_product, _operands) = (product, operands);
        _shape = product.Shape(operands.M);
        _tiles = new RowTiles(operands.M, _shape.Rows);
        var blocks = product.Panels.Blocks;
        _groups = (blocks + _shape.Vectors - 1) / _shape.Vectors;
        var tail = product.Panels.Columns % Lanes;
        _columnMask = (1 << (tail == 0 ? Lanes : tail)) - 1;
        var arithmetic = product.Arithmetic(operands.M);
        var lastVectors = blocks - ((_groups - 1) * _shape.Vectors);
        var (largeRows, smallRows) = (_tiles.LargeRows, Math.Max(1, _tiles.LargeRows - 1));
        var hasSmall = _tiles.LargeCount < _tiles.Count;
        _lastLarge = product.Kernel(arithmetic, largeRows, lastVectors, tail != 0);
        _lastSmall = hasSmall ? product.Kernel(arithmetic, smallRows, lastVectors, tail != 0) : _lastLarge;
        _large = _groups > 1 ? product.Kernel(arithmetic, largeRows, _shape.Vectors, masked: false) : _lastLarge;
        _small = _groups > 1 && hasSmall ? product.Kernel(arithmetic, smallRows, _shape.Vectors, masked: false) : _large;
        KernelName = product.KernelName(_shape);

        var depth = product.Problem.K;
        var work = (long)operands.M * product.Panels.Columns * depth;
        _shortCallTiles = (int)(MicrosecondOfWork / Math.Max(1, (long)_shape.Rows * _shape.Vectors * Lanes * depth));
        MaxParts = (int)Math.Clamp(work / MicrosecondOfWork, 1, Math.Min(Math.Max(_tiles.Count, _groups), Environment.ProcessorCount));
        _tileWords = arithmetic == HalfArithmetic.BrainProducts ? largeRows * ((depth + 1) / 2) : 0;
        var tileBytes = sizeof(float) * (_tileWords > 0 ? _tileWords : largeRows * depth);
        _tilesPerBlock = Math.Clamp(MachineFeatures.Current.Caches.L2 / 4 / tileBytes, 1, _tiles.Count);
        _rounded = GC.AllocateArray<uint>(MaxParts * _tilesPerBlock * _tileWords, pinned: true);
    }

    public override string KernelName { get; }

    public override int MaxParts { get; }

    public override void Run(int part, int parts)
    {
        var rounded = _tileWords == 0 ? 0 : Marshal.UnsafeAddrOfPinnedArrayElement(_rounded, part * _tilesPerBlock * _tileWords);
        if (_tiles.Count >= parts) RunTiles(rounded, Share(_tiles.Count, part, parts), Share(_tiles.Count, part + 1, parts), 0, _groups);
        else RunTiles(rounded, 0, _tiles.Count, Share(_groups, part, parts), Share(_groups, part + 1, parts));
    }

    private static int Share(int total, int part, int parts) => (int)((long)total * part / parts);

    private void RunTiles(nint rounded, int firstTile, int endTile, int firstGroup, int endGroup)
    {
        var constants = _product.Constants;
        var arguments = new TileArguments
        {
            StrideA = rounded == 0 ? _operands.StrideA : _tileWords * sizeof(uint),
            StrideC = _operands.StrideC,
            StrideResidual = _operands.StrideResidual,
            Lower = constants.Lower,
            Upper = constants.Upper,
            ResidualScale = constants.ResidualScale,
            ColumnMask = _columnMask,
        };
        for (var tile = firstTile; tile < endTile; tile += _tilesPerBlock)
        {
            var end = Math.Min(tile + _tilesPerBlock, endTile);
            if (rounded != 0) RoundRows(rounded, tile, end);
            for (var group = firstGroup; group < endGroup; group++) RunBlock(&arguments, rounded, tile, end, group);
        }
    }

    private void RoundRows(nint rounded, int tile, int end)
    {
        for (var i = tile; i < end; i++, rounded += _tileWords * sizeof(uint))
        {
            var (first, rows) = (_tiles.FirstRow(i), _tiles.FirstRow(i + 1) - _tiles.FirstRow(i));
            for (var row = 0; row < rows; row++)
                BrainRows.Spread((float*)(_operands.A + ((first + row) * _operands.StrideA)), _product.Problem.K, rows, (uint*)rounded + row);
        }
    }

    private void RunBlock(TileArguments* arguments, nint rounded, int tile, int end, int group)
    {
        var (large, small) = group == _groups - 1 ? (_lastLarge, _lastSmall) : (_large, _small);
        var (row, block) = (_tiles.FirstRow(tile), group * _shape.Vectors);
        arguments->A = rounded == 0 ? _operands.A + (row * _operands.StrideA) : rounded;
        arguments->B = _product.Panels.Panel(block);
        arguments->Bias = _product.Panels.Bias(block);
        arguments->C = _operands.C + (row * _operands.StrideC) + (block * Lanes * sizeof(float));
        arguments->Residual = _operands.Residual + (row * _operands.StrideResidual) + (block * Lanes * sizeof(float));
        var largeEnd = Math.Clamp(_tiles.LargeCount, tile, end);
        if (largeEnd > tile) Call(large, arguments, largeEnd - tile);
        if (end > largeEnd) Call(small, arguments, end - largeEnd);
    }

    // A short call skips the runtime's transition, and with it some nanoseconds; a long one must let the garbage collector go on meanwhile.
    private void Call(EmittedKernel kernel, TileArguments* arguments, int tiles)
    {
        arguments->Tiles = tiles;
        if (tiles <= _shortCallTiles) ((delegate* unmanaged[SuppressGCTransition]<TileArguments*, void>)kernel.Address)(arguments);
        else ((delegate* unmanaged<TileArguments*, void>)kernel.Address)(arguments);
    }
}
