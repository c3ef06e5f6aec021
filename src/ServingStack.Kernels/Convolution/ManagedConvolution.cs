using ServingStack.Kernels.Gemm;

namespace ServingStack.Kernels.Convolution;

/// <summary>
/// Convolution in managed code, for processors without the emitted kernels: windows are read a few at a time, groups one by one.
/// </summary>
internal sealed class ManagedConvolution : PackedConvolution
{
    private readonly string _row;
    private readonly ManagedProduct[] _groups;
    private readonly ManagedEpilogue _epilogue;
    private readonly int _zeroPoint;

    public ManagedConvolution(string row, ConvolutionProblem problem, GemmWeights weights) : base(problem)
    {
        ConvolutionChecks.Check(problem, weights);
        (_row, _zeroPoint) = (row, weights.ZeroPointA);
        var layout = new TapLayout(problem);
        var depth = layout.GroupInputs * problem.KernelPixels;
        _groups =
        [
            .. Enumerable.Range(0, problem.Groups)
                .Select(group => new ManagedProduct(layout.DepthMajor(weights.B.Span, group), layout.GroupOutputs, depth, problem.Input)),
        ];
        _epilogue = new ManagedEpilogue(problem.Epilogue, weights);
    }

    protected override BoundKernel BindChecked(ConvolutionOperands operands)
    {
        var groupOutputs = Problem.OutputChannels / Problem.Groups;
        var rows = checked(operands.Batch * Problem.OutputLines * Problem.OutputWidth);
        var groups = _groups.Select((product, group) => ManagedGemm.Bind(
            _row, product, _epilogue, new WindowReader(Problem, operands, group, _zeroPoint),
            new ManagedOperands(
                rows, group * groupOutputs, operands.Output, Problem.OutputChannels * _epilogue.OutputBytes,
                operands.Residual, Problem.OutputChannels * _epilogue.ResidualBytes)));
        return new BoundGroups([.. groups]);
    }

    protected override void Dispose(bool disposing)
    {
        foreach (var group in _groups) group.Dispose();
        base.Dispose(disposing);
    }

    private sealed class BoundGroups(BoundKernel[] groups) : BoundKernel
    {
        public override string KernelName => groups[0].KernelName;

        public override int MaxParts => groups[0].MaxParts;

        public override void Run(int part, int parts)
        {
            foreach (var group in groups) group.Run(part, parts);
        }
    }
}
