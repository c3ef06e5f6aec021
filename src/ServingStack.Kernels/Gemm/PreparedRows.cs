using System.Runtime.InteropServices;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Gemm;

/// <summary>Where a tile's prepared rows lie: interleaved bytes of all steps; behind them, with outliers, the rows as floats.</summary>
/// <param name="Rows">Of the largest tile.</param>
/// <param name="Lanes">Rows that lie side by side as floats; 0 without outliers.</param>
internal sealed record PreparedLayout(EmittedLowBit Product, int Rows, int Lanes)
{
    /// <summary>Bytes from the steps of one tile's rows to those of the next.</summary>
    public const int ScaleStride = 64;

    /// <summary>Bytes of one row: steps filled up to whole vectors.</summary>
    public int RowBytes { get; } = RoundUp(Product.Steps * LowBitPanels.StepDepth);

    public int InterleavedBytes { get; } = RoundUp(
        (Product.Panels.DepthBlocks * LowBitRows.HeaderBytes(Rows, Product.Problem.HasZeroPoints))
        + (Product.Steps * LowBitPanels.StepDepth * Rows));

    public int TileBytes => InterleavedBytes + RoundUp(Product.Problem.K * Lanes * sizeof(float));

    private static int RoundUp(int bytes) => (bytes + NativeBuffer.Alignment - 1) / NativeBuffer.Alignment * NativeBuffer.Alignment;
}

/// <summary>Room of one part for a block of prepared tiles, their rows' steps, one row on its way, and a tile's sums of outliers.</summary>
internal sealed unsafe class PreparedRows
{
    private readonly PreparedLayout _layout;
    private readonly byte[] _memory;
    private readonly nint _row;
    private readonly nint _scales;
    private readonly nint _tiles;

    public PreparedRows(PreparedLayout layout, int tiles, int vectors)
    {
        _layout = layout;
        var scaleBytes = tiles * PreparedLayout.ScaleStride;
        var sumBytes = Math.Max(layout.Lanes, 1) * vectors * NativeBuffer.Alignment;
        _memory = GC.AllocateArray<byte>(
            checked(NativeBuffer.Alignment + layout.RowBytes + scaleBytes + sumBytes + (tiles * layout.TileBytes)
                + LowBitPreparationEmitter.SpareBytes),
            pinned: true);
        var start = Marshal.UnsafeAddrOfPinnedArrayElement(_memory, 0);
        _row = (start + NativeBuffer.Alignment - 1) / NativeBuffer.Alignment * NativeBuffer.Alignment;
        _scales = _row + layout.RowBytes;
        OutlierSums = _scales + scaleBytes;
        _tiles = OutlierSums + sumBytes;
    }

    public nint OutlierSums { get; }

    /// <summary>Bytes from tile to tile.</summary>
    public nint TileBytes => _layout.TileBytes;

    public nint Tile(int tile) => _tiles + ((nint)tile * _layout.TileBytes);

    public nint Floats(int tile) => Tile(tile) + _layout.InterleavedBytes;

    public nint Scales(int tile) => _scales + (tile * PreparedLayout.ScaleStride);

    /// <summary>Prepares rows <paramref name="first"/> to before <paramref name="end"/> of A as one tile.</summary>
    public void Fill(int tile, GemmOperands operands, int first, int end)
    {
        var (product, problem) = (_layout.Product, _layout.Product.Problem);
        var row = (sbyte*)_row;
        for (var i = 0; i < end - first; i++)
        {
            ((float*)Scales(tile))[i] = LowBitRows.Quantize(problem.A, operands.A + ((first + i) * operands.StrideA), problem.K, row);
            LowBitRows.Interleave(row, product.Steps, product.BlockSteps, end - first, i, problem.HasZeroPoints, (byte*)Tile(tile));
            if (_layout.Lanes > 0) LowBitRows.Spread(row, problem.K, _layout.Lanes, i, (float*)Floats(tile));
        }
    }
}
