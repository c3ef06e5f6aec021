namespace ServingStack.Kernels.Gemm;

/// <summary>GEMM on AMX tiles; with very few rows on vectors, over the same packed columns.</summary>
internal sealed class AmxGemm : EmittedGemm
{
    private readonly AmxProduct _product;

    public AmxGemm(string row, GemmProblem problem, GemmWeights weights) : base(row, problem, weights) =>
        _product = new AmxProduct(row, Product, problem.A);

    protected override BoundKernel BindChecked(GemmOperands operands)
    {
        if (operands.M < AmxProduct.FewestRows) return base.BindChecked(operands);
        var tiles = Operands(operands);
        return new BoundAmxTiles(_product, tiles, AmxRows.Strided(tiles, _product.DepthBytes));
    }

    protected override void Dispose(bool disposing)
    {
        _product.Dispose();
        base.Dispose(disposing);
    }
}
