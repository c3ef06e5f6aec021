using ServingStack.Kernels.Jit;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// Rows of A, cut into taps, times packed columns: what GEMM and convolution share. Holds the panels, chooses tiles for a number of rows,
/// and
/// gets the kernels for them.
/// </summary>
internal sealed class TileProduct(
    string row, DataType activations, Epilogue epilogue, int taps, int tapBytes, TileRows rows, ColumnPanels panels) : IDisposable
{
    public Epilogue Epilogue { get; } = epilogue;

    public EpilogueConstants Constants { get; } = new(epilogue, panels.LargestResult);

    public ColumnPanels Panels { get; } = panels;

    public int Taps { get; } = taps;

    public int TapBytes { get; } = tapBytes;

    public TileRows Rows { get; } = rows;

    /// <summary>
    /// The table row's name with the tile filled in: <c>gemm_int8_avx512vnni</c> becomes <c>gemm_int8_12x32_avx512vnni</c>.
    /// </summary>
    public string KernelName(TileShape shape) => row.Insert(row.LastIndexOf('_'), $"_{shape.Rows}x{16 * shape.Vectors}");

    public TileShape Shape(int rows) => TileShape.Choose(rows, Panels.Blocks);

    public static TileArithmetic Arithmetic(DataType activations) => activations switch
    {
        DataType.UInt8 => TileArithmetic.UnsignedBytes,
        DataType.Int8 => TileArithmetic.SignedBytes,
        _ => TileArithmetic.Floats,
    };

    public TileKernelKey Key(int rows, int vectors, bool masked) => new()
    {
        Arithmetic = Arithmetic(activations),
        Rows = rows,
        Vectors = vectors,
        MaskedColumns = masked,
        Taps = Taps,
        TapBytes = TapBytes,
        RowsFrom = Rows,
        Prefetch = false,
        Output = Epilogue.Output,
        Residual = Epilogue.Residual,
        HasOutputZeroPoint = Constants.OutputZeroPoint != 0,
        ClampsBelow = Constants.ClampsBelow,
        ClampsAbove = Constants.ClampsAbove,
    };

    public EmittedKernel Kernel(int rows, int vectors, bool masked)
    {
        var key = Key(rows, vectors, masked);
        var prefetch = vectors * key.PanelBytes > MachineFeatures.Current.Caches.L1Data / 2;
        return KernelCache.Shared.GetOrEmit(key with { Prefetch = prefetch }, static missing => new TileEmitter(missing));
    }

    public void Dispose() => Panels.Dispose();
}
