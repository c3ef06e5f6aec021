using System.Runtime.InteropServices;
using ServingStack.Kernels.Gemm;

namespace ServingStack.Kernels.Convolution;

/// <summary>
/// Depthwise convolution in managed code: a line of sums, one a channel, to which each pixel of the window is added; the inner loop runs
/// over
/// channels, where the runtime can use vectors.
/// </summary>
internal sealed class ManagedDepthwise : PackedConvolution
{
    private readonly string _row;
    private readonly float[] _weights;
    private readonly ManagedEpilogue _epilogue;
    private readonly int _zeroPoint;

    public ManagedDepthwise(string row, ConvolutionProblem problem, GemmWeights weights) : base(problem)
    {
        ConvolutionChecks.Check(problem, weights);
        (_row, _zeroPoint) = (row, weights.ZeroPointA);
        _epilogue = new ManagedEpilogue(problem.Epilogue, weights);
        var taps = problem.KernelPixels;
        _weights = new float[taps * problem.InputChannels];
        for (var i = 0; i < _weights.Length; i++)
            _weights[(i % taps * problem.InputChannels) + (i / taps)] = problem.Input == DataType.Float32
                ? MemoryMarshal.Cast<byte, float>(weights.B.Span)[i]
                : (sbyte)weights.B.Span[i];
    }

    /// <summary>Why the kernel cannot do a problem, or null.</summary>
    public static string? Refuses(ConvolutionProblem problem)
    {
        // Sums of bytes are kept in floats, which hold integers exactly up to 2^24: 255 * 128 * 512 taps.
        const int MostTaps = 512;
        if (!problem.IsDepthwise) return $"takes one channel a group, not {problem.InputChannels} in {problem.Groups} groups";
        return problem.KernelPixels > MostTaps ? $"takes windows of at most {MostTaps} pixels" : null;
    }

    protected override BoundKernel BindChecked(ConvolutionOperands operands) =>
        new BoundManagedDepthwise(_row, Problem, _weights, _epilogue, operands, _zeroPoint);
}
