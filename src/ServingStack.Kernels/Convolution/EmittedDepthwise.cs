using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Jit;

namespace ServingStack.Kernels.Convolution;

/// <summary>Depthwise convolution on bytes by emitted AVX-512 VNNI code: each channel on its own.</summary>
internal sealed class EmittedDepthwise : PackedConvolution
{
    // Beyond, the sums of a pixel and the columns of its window need more registers than there are.
    private const int MostKernelColumns = 16;

    private readonly string _row;
    private readonly LinePanels _panels;
    private readonly LineBlock[] _blocks;
    private readonly int _zeroPoint;

    public EmittedDepthwise(string row, ConvolutionProblem problem, GemmWeights weights) : base(problem)
    {
        ConvolutionChecks.Check(problem, weights);
        (_row, _zeroPoint) = (row, weights.ZeroPointA);
        var constants = new EpilogueConstants(problem.Epilogue, LinePanels.LargestResult(problem, weights));
        var channels = DepthwiseKernelKey.VectorChannels;
        var keys = Enumerable.Range(0, (problem.OutputChannels + channels - 1) / channels)
            .Select(block => new DepthwiseKernelKey(problem, constants, Math.Min(channels, problem.OutputChannels - (block * channels))))
            .ToArray();
        _panels = new DepthwisePacking(problem, weights).Pack(keys);
        _blocks =
        [
            .. keys.Select((key, block) => new LineBlock(
                KernelCache.Shared.GetOrEmit(key, missing => new DepthwiseBytesEmitter(missing)), block * channels, block * channels)),
        ];
    }

    /// <summary>Why the emitted kernels cannot do a problem, or null.</summary>
    public static string? Refuses(ConvolutionProblem problem) => problem switch
    {
        { IsDepthwise: false } => $"takes one channel a group, not {problem.InputChannels} in {problem.Groups} groups",
        { KernelWidth: > MostKernelColumns } => $"takes at most {MostKernelColumns} kernel columns",
        _ => LineBlock.Refuses(problem.Input, problem.Epilogue),
    };

    protected override BoundKernel BindChecked(ConvolutionOperands operands) =>
        new BoundLines(_row, Problem, _panels, _blocks, operands, new LineTable(Problem, operands, _zeroPoint));

    protected override void Dispose(bool disposing)
    {
        _panels.Dispose();
        base.Dispose(disposing);
    }
}
