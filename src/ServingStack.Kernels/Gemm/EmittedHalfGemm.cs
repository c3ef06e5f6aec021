using ServingStack.Kernels.Jit;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Gemm;

/// <summary>GEMM of fp32 activations and 16-bit weights by emitted AVX-512 tiles.</summary>
internal sealed class EmittedHalfGemm : PackedGemm
{
    // Few rows read the weights once: there rounding the activations costs accuracy and gains nothing.
    private const int LeastRowsRounded = 5;
    private const int MostRows = 14;
    private const int MostVectors = 8;

    private readonly string _row;
    private readonly bool _rounds;

    /// <param name="rounds">Activations are rounded to bfloat16 where that is faster.</param>
    public EmittedHalfGemm(string row, GemmProblem problem, GemmWeights weights, bool rounds) : base(problem)
    {
        GemmChecks.Check(problem, weights);
        (_row, _rounds) = (row, rounds);
        Constants = new EpilogueConstants(problem.Epilogue);
        Panels = new HalfPanels(problem, weights);
    }

    public HalfPanels Panels { get; }

    public EpilogueConstants Constants { get; }

    public HalfArithmetic Arithmetic(int rows) => Problem.B == DataType.Float16 ? HalfArithmetic.Binary16
        : _rounds && rows >= LeastRowsRounded ? HalfArithmetic.BrainProducts
        : HalfArithmetic.Brain;

    public TileShape Shape(int rows)
    {
        if (Arithmetic(rows) != HalfArithmetic.BrainProducts) return TileShape.Choose(rows, Panels.Blocks);
        // All 32 registers: sums, a register a vector for weights, and two at least for broadcasts.
        var tileRows = new RowTiles(rows, MostRows).LargeRows;
        var mostVectors = Math.Min(Math.Min(30 / (tileRows + 1), MostVectors), Panels.Blocks);
        var groups = (Panels.Blocks + mostVectors - 1) / mostVectors;
        return new TileShape(tileRows, (Panels.Blocks + groups - 1) / groups);
    }

    public string KernelName(TileShape shape) => _row.Insert(_row.LastIndexOf('_'), $"_{shape.Rows}x{16 * shape.Vectors}");

    public EmittedKernel Kernel(HalfArithmetic arithmetic, int rows, int vectors, bool masked)
    {
        var epilogue = new TileKernelKey
        {
            Arithmetic = TileArithmetic.Floats,
            Rows = rows,
            Vectors = vectors,
            MaskedColumns = masked,
            Taps = 1,
            TapBytes = 4,
            RowsFrom = TileRows.Strided,
            Prefetch = false,
            Output = DataType.Float32,
            Residual = Problem.Epilogue.Residual,
            HasOutputZeroPoint = false,
            ClampsBelow = Constants.ClampsBelow,
            ClampsAbove = Constants.ClampsAbove,
        };
        var prefetch = vectors * Panels.PanelBytes > MachineFeatures.Current.Caches.L1Data / 2;
        return KernelCache.Shared.GetOrEmit(
            new HalfTileKey(arithmetic, Problem.K, prefetch, epilogue), static missing => new HalfTileEmitter(missing));
    }

    protected override BoundKernel BindChecked(GemmOperands operands) => new BoundHalfGemm(this, operands);

    protected override void Dispose(bool disposing)
    {
        Panels.Dispose();
        base.Dispose(disposing);
    }
}
