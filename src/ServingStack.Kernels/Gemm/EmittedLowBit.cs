using ServingStack.Kernels.Jit;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Gemm;

/// <summary>GEMM with 4-bit weights by emitted AVX-512 VNNI tiles.</summary>
internal sealed class EmittedLowBit : PackedLowBit
{
    // Of 32 registers: low and high halves, mask and shift; the others hold sums of floats and of integers of one vector of columns.
    private const int MostRows = 14;
    private const int MostVectors = 8;
    // With more vectors, beside mask, shift and a broadcast: for each vector its weights, and two sums a row.
    private const int RegistersForVectors = 29;

    private readonly string _row;
    private readonly EpilogueConstants _constants;

    private readonly bool _byteShifts;

    /// <param name="byteShifts">Shift bytes by one instruction of GFNI.</param>
    public EmittedLowBit(string row, LowBitProblem problem, GemmWeights weights, bool byteShifts) : base(problem)
    {
        LowBitChecks.Check(problem, weights);
        (_row, _constants, _byteShifts) = (row, new EpilogueConstants(problem.Epilogue), byteShifts);
        Panels = new LowBitPanels(problem, weights);
        if (problem.HasOutliers) Outliers = new OutlierPanels(problem, weights.Outliers.Span);
    }

    public LowBitPanels Panels { get; }

    public OutlierPanels? Outliers { get; }

    public EpilogueConstants Constants => _constants;

    public int Steps => (Problem.K + LowBitPanels.StepDepth - 1) / LowBitPanels.StepDepth;

    public int BlockSteps => Math.Min(Steps, (int)(((long)Problem.Block + LowBitPanels.StepDepth - 1) / LowBitPanels.StepDepth));

    /// <summary>
    /// The tile for that many rows: unpacked weights serve all rows of a tile, so rows come first; columns fill what is left of the
    /// registers, as independent sums hide the latency of a dot product.
    /// </summary>
    public TileShape Shape(int rows)
    {
        var tileRows = new RowTiles(rows, MostRows).LargeRows;
        var mostVectors = Math.Min(Math.Clamp(RegistersForVectors / ((2 * tileRows) + 1), 1, MostVectors), Panels.Blocks);
        var groups = (Panels.Blocks + mostVectors - 1) / mostVectors;
        return new TileShape(tileRows, (Panels.Blocks + groups - 1) / groups);
    }

    public string KernelName(TileShape shape) => _row.Insert(_row.LastIndexOf('_'), $"_{shape.Rows}x{16 * shape.Vectors}");

    public EmittedKernel Kernel(int rows, int vectors, bool masked)
    {
        var key = new LowBitTileKey
        {
            Rows = rows,
            Vectors = vectors,
            MaskedColumns = masked,
            BlockSteps = BlockSteps,
            Steps = Steps,
            HalfScales = Panels.HalfScales,
            ZeroPoints = Problem.HasZeroPoints,
            Outliers = Problem.HasOutliers,
            RowScales = Problem.A == DataType.Float32,
            ByteShifts = _byteShifts,
            Prefetch = vectors * Panels.PanelBytes > MachineFeatures.Current.Caches.L1Data / 2,
            Epilogue = EpilogueKey(rows, vectors, masked),
        };
        return KernelCache.Shared.GetOrEmit(key, static missing => new LowBitTileEmitter(missing));
    }

    /// <summary>Prepares rows of floats; null for those that managed code prepares: bytes, and with outliers.</summary>
    public EmittedKernel? Preparation(int rows)
    {
        if (Problem.A != DataType.Float32 || Problem.HasOutliers) return null;
        var key = new LowBitPreparationKey(rows, Problem.K, BlockSteps, Problem.HasZeroPoints);
        return KernelCache.Shared.GetOrEmit(key, static missing => new LowBitPreparationEmitter(missing));
    }

    public static EmittedKernel OutlierKernel(int lanes) =>
        KernelCache.Shared.GetOrEmit(new OutlierKernelKey(lanes), static missing => new OutlierEmitter(missing));

    protected override BoundKernel BindChecked(GemmOperands operands) => new BoundLowBit(this, operands);

    protected override void Dispose(bool disposing)
    {
        Panels.Dispose();
        Outliers?.Dispose();
        base.Dispose(disposing);
    }

    // To the epilogue the sums are floats that are scaled already.
    private TileKernelKey EpilogueKey(int rows, int vectors, bool masked) => new()
    {
        Arithmetic = TileArithmetic.Floats,
        Rows = rows,
        Vectors = vectors,
        MaskedColumns = masked,
        Taps = 1,
        TapBytes = 4,
        RowsFrom = TileRows.Strided,
        Prefetch = false,
        Output = Problem.Epilogue.Output,
        Residual = Problem.Epilogue.Residual,
        RoundsBefore = _constants.RoundsBefore,
        HasOutputZeroPoint = _constants.OutputZeroPoint != 0,
        ClampsBelow = _constants.ClampsBelow,
        ClampsAbove = _constants.ClampsAbove,
    };
}
