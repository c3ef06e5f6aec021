using ServingStack.Kernels.Jit;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// Rows of A, cut into taps, times packed columns: what GEMM and convolution share. Holds the panels, chooses tiles for a number of rows,
/// and gets the kernels for them.
/// </summary>
/// <param name="level">The level whose instructions kernels may use; the machine's when null.</param>
internal sealed class TileProduct(
    string row, DataType activations, Epilogue epilogue, int taps, int tapBytes, TileRows rows, ColumnPanels panels,
    InstructionSet? level = null) : IDisposable
{
    private readonly InstructionSet _level = level ?? MachineFeatures.Current.InstructionSet;

    public Epilogue Epilogue { get; } = epilogue;

    public EpilogueConstants Constants { get; } = new(epilogue, panels.LargestResult);

    public ColumnPanels Panels { get; } = panels;

    public int Taps { get; } = taps;

    public int TapBytes { get; } = tapBytes;

    public TileRows Rows { get; } = rows;

    /// <summary>
    /// The table row's name with the tile filled in: <c>gemm_int8_avx512vnni</c> becomes <c>gemm_int8_12x32_avx512vnni</c>. Weights that
    /// do not admit longer sums in 16 bits take them out of the name.
    /// </summary>
    public string KernelName(TileShape shape)
    {
        var name = row.Insert(row.LastIndexOf('_'), $"_{shape.Rows}x{16 * shape.Vectors}");
        return Panels.Interval == 1 ? name.Replace("_acc16", "", StringComparison.Ordinal) : name;
    }

    public TileShape Shape(int rows) => TileShape.Choose(rows, Panels.Blocks, _level);

    public static TileArithmetic Arithmetic(DataType activations) => activations switch
    {
        DataType.UInt8 => TileArithmetic.UnsignedBytes,
        DataType.Int8 => TileArithmetic.SignedBytes,
        _ => TileArithmetic.Floats,
    };

    /// <param name="tailColumns">Columns of a cut last vector; 0 when it is whole.</param>
    public TileKernelKey Key(int rows, int vectors, bool masked, int tailColumns = 0) => new()
    {
        Level = _level,
        Arithmetic = Arithmetic(activations),
        Interval = Panels.Interval,
        HasRemainder = Panels.HasRemainder,
        JoinsTail = Panels.JoinsTail,
        Rows = rows,
        Vectors = vectors,
        MaskedColumns = masked,
        TailColumns = _level >= InstructionSet.Avx512Bw ? 0 : tailColumns,
        Taps = Taps,
        TapBytes = TapBytes,
        RowsFrom = Rows,
        Prefetch = false,
        Output = Epilogue.Output,
        Residual = Epilogue.Residual,
        RoundsBefore = Constants.RoundsBefore,
        HasOutputZeroPoint = Constants.OutputZeroPoint != 0,
        ClampsBelow = Constants.ClampsBelow,
        ClampsAbove = Constants.ClampsAbove,
    };

    /// <param name="tailColumns">Columns of a cut last vector; 0 when it is whole.</param>
    /// <param name="ahead">What it asks for, for later tiles.</param>
    public EmittedKernel Kernel(int rows, int vectors, int tailColumns, TileAhead ahead)
    {
        var key = Key(rows, vectors, tailColumns != 0, tailColumns);
        return KernelCache.Shared.GetOrEmit(
            key with
            {
                // From the second-level cache columns come in time by themselves.
                Prefetch = ahead.ColumnTiles == 0 && vectors * key.PanelBytes > MachineFeatures.Current.Caches.L1Data / 2,
                AheadLines = ahead.Lines,
            },
            static missing => new TileEmitter(missing));
    }

    public void Dispose() => Panels.Dispose();
}
