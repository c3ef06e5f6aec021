using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Convolution;

/// <summary>
/// Convolution on AMX tiles: from the image itself where pixels fill cache lines and lines can be cut into runs, otherwise over packed
/// windows.
/// </summary>
internal sealed class AmxConvolution : EmittedConvolution
{
    private readonly AmxProduct[] _products;

    public AmxConvolution(string row, ConvolutionProblem problem, GemmWeights weights)
        : base(row, problem, weights, InstructionSet.Avx512Amx) =>
        _products = [.. Groups.Select(group => new AmxProduct(row, group, problem.Input))];

    /// <summary>The reason why vectors are better; null where tiles are.</summary>
    public static string? Refuses(ConvolutionProblem problem) => problem.OutputChannels / problem.Groups < TileBlock.TileRows
        ? $"takes {TileBlock.TileRows} or more outputs a group, not {problem.OutputChannels / problem.Groups}"
        : null;

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
