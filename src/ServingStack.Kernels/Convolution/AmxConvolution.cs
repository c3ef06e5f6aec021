using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Convolution;

/// <summary>
/// Convolution on AMX tiles: from the image itself where pixels fill cache lines and lines can be cut into runs, otherwise over packed
/// windows.
/// </summary>
internal sealed class AmxConvolution : EmittedConvolution
{
    // Windows are packed for each group anew, and a step of a tile takes 64 bytes of depth, of which the window must fill enough.
    private const int FewestGroupOutputs = 32;
    private const int FewestDepth = 48;

    private readonly AmxProduct[] _products;

    /// <param name="row">This row's name.</param>
    /// <param name="vectorRow">The name of the row whose kernels do what tiles do not take.</param>
    public AmxConvolution(string row, string vectorRow, ConvolutionProblem problem, GemmWeights weights)
        : base(vectorRow, problem, weights, InstructionSet.Avx512Amx) =>
        _products = [.. Groups.Select(group => new AmxProduct(row, group, problem.Input))];

    /// <summary>The reason why vectors are better; null where tiles are.</summary>
    public static string? Refuses(ConvolutionProblem problem)
    {
        var (inputs, outputs) = (problem.InputChannels / problem.Groups, problem.OutputChannels / problem.Groups);
        if (problem.Groups > 1 && outputs < FewestGroupOutputs)
            return $"takes {FewestGroupOutputs} or more outputs a group, not {outputs}";
        var depth = problem.KernelDepth * problem.KernelHeight * problem.KernelWidth * inputs;
        var fewest = new TapLayout(problem).IsGemm ? AmxGemm.FewestDepth : FewestDepth;
        return depth < fewest ? $"takes windows of {fewest} or more bytes, not {depth}" : null;
    }

    protected override BoundKernel BindChecked(ConvolutionOperands operands)
    {
        var rows = checked(operands.Batch * Problem.OutputLines * Problem.OutputWidth);
        var first = GroupOperands(operands, rows, group: 0, operands.Input);
        if (!_products[0].Takes(first)) return base.BindChecked(operands);
        var depthBytes = _products[0].DepthBytes;
        if (Layout.IsGemm) return new BoundAmxTiles(_products[0], first, AmxRows.Strided(first, depthBytes));
        if (TileList.Blocks(Problem, Layout, rows) is { } listed)
        {
            var list = new TileList(Problem, Layout, operands, (byte)ZeroPoint, listed);
            var stride = Problem.StrideX * first.StrideA;
            return new BoundConvolution(
                list, [new BoundAmxTiles(_products[0], first, AmxRows.Listed(list.Address, listed, stride, depthBytes))]);
        }
        var blocks = RowBlocks.Even(rows, TileBlock.MostRows);
        var table = new IndirectionTable(Problem, Layout, operands, ZeroPoint, blocks.Ranges());
        var groups = _products.Select((product, group) =>
        {
            var own = GroupOperands(operands, rows, group, table.Address);
            return new BoundAmxTiles(product, own, AmxRows.Gathered(own, blocks, Layout.Taps, depthBytes));
        });
        return new BoundConvolution(table, [.. groups]);
    }

    protected override void Dispose(bool disposing)
    {
        foreach (var product in _products) product.Dispose();
        base.Dispose(disposing);
    }
}
