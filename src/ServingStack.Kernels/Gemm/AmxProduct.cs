using ServingStack.Kernels.Jit;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// A tile product on AMX: the same packed columns, and kernels for blocks of rows. AMX multiplies signed rows as they are, so for these the
/// bias gets back what the other kernels' flipped sign takes off it.
/// </summary>
internal sealed unsafe class AmxProduct : IDisposable
{
    /// <summary>With fewer rows the columns' way through the caches is the limit, and vector kernels start faster.</summary>
    private const int FewestRows = 4;

    private readonly string _row;
    private readonly NativeBuffer? _signedBias;

    public AmxProduct(string row, TileProduct tiles, DataType activations)
    {
        (_row, Tiles) = (row, tiles);
        OutputBytes = tiles.Epilogue.Output.Size();
        ResidualBytes = tiles.Epilogue.Residual?.Size() ?? 0;
        if (activations == DataType.Int8) _signedBias = SignedBias(tiles.Panels, DepthBytes);
    }

    public TileProduct Tiles { get; }

    public ColumnPanels Panels => Tiles.Panels;

    public int OutputBytes { get; }

    public int ResidualBytes { get; }

    /// <summary>Bytes of a packed row that meet columns.</summary>
    public int DepthBytes => Tiles.Taps * ((Tiles.TapBytes + 3) / 4 * 4);

    /// <summary>
    /// Whether these kernels take a product: not one of very few rows, and none whose residual is overwritten, because the last rows may be
    /// computed twice.
    /// </summary>
    public bool Takes(TileOperands operands) => operands.Rows >= FewestRows && !OverwritesResidual(operands);

    public nint Bias(int block) => _signedBias is { } bias ? bias.Address + (block * 64) : Panels.Bias(block);

    /// <summary>For example <c>gemm_int8_32x32_avx512amx</c>.</summary>
    public string KernelName(int rows, int vectors) => _row.Insert(_row.LastIndexOf('_'), $"_{rows}x{16 * vectors}");

    public EmittedKernel Kernel(int rows, int vectors, bool masked, TileRows from) => KernelCache.Shared.GetOrEmit(
        new AmxKernelKey(Tiles.Key(rows, vectors, masked) with { RowsFrom = from }), static missing => new AmxTileEmitter(missing));

    /// <summary>Code that packs blocks of that many rows.</summary>
    public EmittedKernel Packer(int rows) => KernelCache.Shared.GetOrEmit(
        new AmxPackingKey(Tiles.Rows, rows, Tiles.Taps, Tiles.TapBytes), static missing => new AmxPackingEmitter(missing));

    private bool OverwritesResidual(TileOperands operands) => ResidualBytes > 0
        && operands.C < operands.Residual + (operands.Rows * operands.StrideResidual)
        && operands.Residual < operands.C + (operands.Rows * operands.StrideC);

    public void Dispose() => _signedBias?.Dispose();

    private static NativeBuffer SignedBias(ColumnPanels panels, int depthBytes)
    {
        const int FlippedSign = 128;
        var bias = new NativeBuffer(panels.Blocks * 64L);
        for (var block = 0; block < panels.Blocks; block++)
        {
            var columns = (sbyte*)panels.Block(block);
            for (var n = 0; n < 16; n++)
            {
                var sum = 0;
                for (var k = 0; k < depthBytes; k++) sum += columns[(k / 4 * 64) + (n * 4) + (k % 4)];
                bias.Span<int>()[(block * 16) + n] = ((int*)panels.Bias(block))[n] + (FlippedSign * sum);
            }
        }
        return bias;
    }
}
