using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Gemm;

/// <summary>GEMM on AMX tiles; with very few rows on vectors, over the same packed columns.</summary>
internal sealed class AmxGemm : EmittedGemm
{
    private readonly AmxProduct _product;

    public AmxGemm(string row, GemmProblem problem, GemmWeights weights) : base(row, problem, weights, InstructionSet.Avx512Amx) =>
        _product = new AmxProduct(row, Product, problem.A);

    protected override BoundKernel BindChecked(GemmOperands operands)
    {
        var tiles = Operands(operands);
        return _product.Takes(tiles)
            ? new BoundAmxTiles(_product, tiles, AmxRows.Strided(tiles, _product.DepthBytes))
            : base.BindChecked(operands);
    }

    protected override void Dispose(bool disposing)
    {
        _product.Dispose();
        base.Dispose(disposing);
    }
}
