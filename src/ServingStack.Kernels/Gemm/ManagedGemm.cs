namespace ServingStack.Kernels.Gemm;

/// <summary>GEMM in managed code, for processors without the emitted kernels.</summary>
internal sealed class ManagedGemm : PackedGemm
{
    private readonly string _row;
    private readonly ManagedProduct _product;
    private readonly ManagedEpilogue _epilogue;
    private readonly int _zeroPoint;

    public ManagedGemm(string row, GemmProblem problem, GemmWeights weights) : base(problem)
    {
        GemmChecks.Check(problem, weights);
        (_row, _zeroPoint) = (row, weights.ZeroPointA);
        _product = new ManagedProduct(HalfWeights.Widened(problem, weights.B).Span, problem.N, problem.K, problem.A);
        _epilogue = new ManagedEpilogue(problem.Epilogue, weights);
    }

    /// <summary>The bound product in the arithmetic of its activations.</summary>
    internal static BoundKernel Bind(
        string name, ManagedProduct product, ManagedEpilogue epilogue, RowReader reader, ManagedOperands operands) =>
        product.Activations == DataType.Float32
            ? new BoundManagedProduct<FloatLanes, float, float>(name, product, epilogue, reader, operands)
            : new BoundManagedProduct<ShortLanes, short, int>(name, product, epilogue, reader, operands);

    protected override BoundKernel BindChecked(GemmOperands operands) => Bind(
        _row, _product, _epilogue, new MatrixRowReader(Problem, operands, _zeroPoint),
        new ManagedOperands(operands.M, FirstChannel: 0, operands.C, operands.StrideC, operands.Residual, operands.StrideResidual));

    protected override void Dispose(bool disposing)
    {
        _product.Dispose();
        base.Dispose(disposing);
    }
}
