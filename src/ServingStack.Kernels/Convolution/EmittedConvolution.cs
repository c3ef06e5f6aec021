using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Convolution;

/// <summary>
/// Convolution as an implicit GEMM: one row an output pixel, read through a table of addresses straight from the NHWC input. Groups are
/// products of their own on the same table.
/// </summary>
internal class EmittedConvolution : PackedConvolution
{
    private readonly TapLayout _layout;
    private readonly TileProduct[] _groups;
    private readonly int _zeroPoint;
    private readonly InstructionSet _level;
    private readonly PairPlan? _pairs;

    public EmittedConvolution(
        string row, ConvolutionProblem problem, GemmWeights weights, InstructionSet level, PairPlan? pairs = null) : base(problem)
    {
        (_level, _pairs) = (level, pairs);
        ConvolutionChecks.Check(problem, weights);
        _layout = new TapLayout(problem);
        _zeroPoint = weights.ZeroPointA;
        _groups = [.. Enumerable.Range(0, problem.Groups).Select(group => PackGroup(row, weights, group))];
    }

    protected TapLayout Layout => _layout;

    protected IReadOnlyList<TileProduct> Groups => _groups;

    protected int ZeroPoint => _zeroPoint;

    protected override BoundKernel BindChecked(ConvolutionOperands operands)
    {
        var rows = checked(operands.Batch * Problem.OutputLines * Problem.OutputWidth);
        if (_layout.IsGemm) return new BoundTiles(_groups[0], GroupOperands(operands, rows, group: 0, operands.Input));
        var tiles = new RowTiles(rows, _groups[0].Shape(rows).Rows);
        var table = new IndirectionTable(Problem, _layout, operands, _zeroPoint, tiles.Ranges());
        var groups = _groups.Select((product, group) => new BoundTiles(product, GroupOperands(operands, rows, group, table.Address)));
        return new BoundConvolution(table, [.. groups]);
    }

    protected override void Dispose(bool disposing)
    {
        foreach (var group in _groups) group.Dispose();
        base.Dispose(disposing);
    }

    private TileProduct PackGroup(string row, GemmWeights weights, int group)
    {
        var first = group * _layout.GroupOutputs;
        var arithmetic = TileProduct.Arithmetic(Problem.Input);
        var panels = new ColumnPanels(
            _layout.DepthMajor(weights.B.Span, group), _layout.GroupOutputs, _layout.Taps, _layout.TapElements,
            arithmetic, weights, first..(first + _layout.GroupOutputs), _layout.TapBytes,
            _pairs ?? PairPlan.For(arithmetic, _level), _level);
        var rows = _layout.IsGemm ? TileRows.Strided : Problem.Groups > 1 ? TileRows.OffsetTable : TileRows.Table;
        return new TileProduct(row, Problem.Input, Problem.Epilogue, _layout.Taps, _layout.TapBytes, rows, panels, _level);
    }

    protected TileOperands GroupOperands(ConvolutionOperands operands, int rows, int group, nint a)
    {
        var output = Problem.Epilogue.Output.Size();
        var residual = Problem.Epilogue.Residual?.Size() ?? 0;
        var firstOutput = group * _layout.GroupOutputs;
        var pixelBytes = Problem.InputChannels * Problem.Input.Size();
        return new TileOperands(
            rows, a, StrideA: pixelBytes, RowOffset: group * _layout.GroupInputs * Problem.Input.Size(),
            RowFootprint: (Problem.StrideX * Problem.StrideY * pixelBytes) + (_layout.IsGemm ? 0 : _layout.Taps * sizeof(long)),
            operands.Output + (firstOutput * output), Problem.OutputChannels * output,
            operands.Residual + (firstOutput * residual), Problem.OutputChannels * residual);
    }
}
