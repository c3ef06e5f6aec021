using ServingStack.Kernels.Gemm;

namespace ServingStack.Kernels.Convolution;

/// <summary>Depthwise convolution by emitted AVX-512 code: each channel on its own, so a vector holds channels of one pixel.</summary>
internal sealed class EmittedDepthwise : PackedConvolution
{
    private readonly string _row;
    private readonly DepthwisePanels _panels;
    private readonly int _zeroPoint;

    public EmittedDepthwise(string row, ConvolutionProblem problem, GemmWeights weights) : base(problem)
    {
        ConvolutionChecks.Check(problem, weights);
        (_row, _zeroPoint) = (row, weights.ZeroPointA);
        _panels = new DepthwisePanels(problem, weights);
    }

    /// <summary>Why the emitted kernels cannot do a problem, or null.</summary>
    public static string? Refuses(ConvolutionProblem problem) => problem switch
    {
        { IsDepthwise: false } => $"takes one channel a group, not {problem.InputChannels} in {problem.Groups} groups",
        { Epilogue.Residual: not null } => "adds no residual",
        { Input: not DataType.Float32, Epilogue.Output: not (DataType.UInt8 or DataType.Int8) } =>
            $"writes UInt8 or Int8, not {problem.Epilogue.Output}",
        _ => null,
    };

    protected override BoundKernel BindChecked(ConvolutionOperands operands) =>
        new BoundDepthwise(_row, Problem, _panels, operands, new DepthwiseTable(Problem, operands, _zeroPoint));

    protected override void Dispose(bool disposing)
    {
        _panels.Dispose();
        base.Dispose(disposing);
    }
}
