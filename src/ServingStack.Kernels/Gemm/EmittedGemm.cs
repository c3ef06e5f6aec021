using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Gemm;

/// <summary>GEMM by emitted tiles: rows are read in place, nothing is copied.</summary>
internal class EmittedGemm : PackedGemm
{
    private readonly TileProduct _product;

    public EmittedGemm(string row, GemmProblem problem, GemmWeights weights, InstructionSet level, PairPlan? pairs = null) : base(problem)
    {
        GemmChecks.Check(problem.A, problem.Epilogue, problem.N, (long)problem.N * problem.K, weights);
        var arithmetic = TileProduct.Arithmetic(problem.A);
        var panels = new ColumnPanels(
            weights.B.Span, problem.N, taps: 1, problem.K, arithmetic, weights, ..problem.N,
            pairs: pairs ?? PairPlan.For(arithmetic, level), level: level);
        _product = new TileProduct(
            row, problem.A, problem.Epilogue, taps: 1, problem.K * problem.A.Size(), TileRows.Strided, panels, level);
    }

    /// <summary>The packed product, also for kernels that run it on memory of their own.</summary>
    internal TileProduct Product => _product;

    protected override BoundKernel BindChecked(GemmOperands operands) => new BoundTiles(_product, Operands(operands));

    protected TileOperands Operands(GemmOperands operands) => new(
        operands.M, operands.A, operands.StrideA, RowOffset: 0, Problem.K * Problem.A.Size(),
        operands.C, operands.StrideC, operands.Residual, operands.StrideResidual);

    protected override void Dispose(bool disposing)
    {
        _product.Dispose();
        base.Dispose(disposing);
    }
}
