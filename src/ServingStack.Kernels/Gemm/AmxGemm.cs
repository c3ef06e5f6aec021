using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Gemm;

/// <summary>GEMM on AMX tiles; with very few rows on vectors, over the same packed columns.</summary>
internal sealed class AmxGemm : EmittedGemm
{
    /// <summary>A step of a tile takes 64 bytes of depth, of which a row must fill enough.</summary>
    public const int FewestDepth = 32;

    private readonly AmxProduct _product;

    /// <param name="row">This row's name.</param>
    /// <param name="vectorRow">The name of the row whose kernels do what tiles do not take.</param>
    public AmxGemm(string row, string vectorRow, GemmProblem problem, GemmWeights weights)
        : base(vectorRow, problem, weights, InstructionSet.Avx512Amx) =>
        _product = new AmxProduct(row, Product, problem.A);

    /// <summary>The reason why vectors are better; null where tiles are, if there are enough rows.</summary>
    public static string? Refuses(GemmProblem problem) =>
        problem.K < FewestDepth ? $"takes a depth of {FewestDepth} or more, not {problem.K}" : null;

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
