using System.Runtime.InteropServices;
using ServingStack.Kernels.Gemm;

namespace ServingStack.Kernels.Convolution;

/// <summary>
/// A 3x3 convolution by Winograd's algorithm: weights are transformed when packed; at each point, a product of tiles and channels runs on
/// the emitted kernels. Its rounding errors are larger than a direct sum's, in proportion to the largest number of the tensor.
/// </summary>
internal sealed class WinogradConvolution<TTransform> : PackedConvolution
    where TTransform : struct, IWinogradTransform
{
    private readonly TileProduct[] _points;
    private readonly float[] _bias;

    public WinogradConvolution(string row, ConvolutionProblem problem, GemmWeights weights) : base(problem)
    {
        ConvolutionChecks.Check(problem, weights);
        _bias = new float[problem.OutputChannels + 15];
        weights.Bias.Span.CopyTo(_bias);
        var transformed = WinogradWeights.Transform<TTransform>(
            MemoryMarshal.Cast<byte, float>(weights.B.Span), problem.InputChannels, problem.OutputChannels);
        _points = [.. transformed.Select(point => Pack(row, point))];
    }

    protected override BoundKernel BindChecked(ConvolutionOperands operands) =>
        new BoundWinograd<TTransform>(Problem, operands, _points, _bias);

    protected override void Dispose(bool disposing)
    {
        foreach (var point in _points) point.Dispose();
        base.Dispose(disposing);
    }

    private TileProduct Pack(string row, float[] point)
    {
        var (inputs, outputs) = (Problem.InputChannels, Problem.OutputChannels);
        var sums = new Epilogue { Output = DataType.Float32 };
        var panels = new ColumnPanels(
            MemoryMarshal.AsBytes(point.AsSpan()), outputs, taps: 1, inputs, TileArithmetic.Floats,
            new GemmWeights { B = default }, ..outputs);
        return new TileProduct(row, DataType.Float32, sums, taps: 1, inputs * sizeof(float), TileRows.Strided, panels);
    }
}
