using System.Runtime.InteropServices;

namespace ServingStack.Kernels.Convolution;

/// <summary>
/// How a convolution's window is cut into contiguous pieces of the NHWC input: whole kernel rows, or single pixels. Rows waste less when
/// pixels have few channels, but a row that crosses the left or right border needs a padded copy; pixels never do.
/// </summary>
internal sealed class TapLayout
{
    // From here on a pixel alone is long enough to keep the multiply-adds busy.
    private const int PixelBytes = 64;

    private readonly ConvolutionProblem _problem;

    public TapLayout(ConvolutionProblem problem)
    {
        _problem = problem;
        GroupInputs = problem.InputChannels / problem.Groups;
        GroupOutputs = problem.OutputChannels / problem.Groups;
        WholeRows = problem.Groups == 1 && problem.DilationX == 1 && problem.KernelWidth > 1
            && (GroupInputs * problem.Input.Size() < PixelBytes || (problem.PadLeft == 0 && problem.PadRight == 0));
    }

    public int GroupInputs { get; }

    private int PixelStride => _problem.InputChannels * _problem.Input.Size();

    public int GroupOutputs { get; }

    /// <summary>A tap is a kernel row; otherwise it is one pixel.</summary>
    public bool WholeRows { get; }

    public int TapPixels => WholeRows ? _problem.KernelWidth : 1;

    public int TapsPerRow => _problem.KernelWidth / TapPixels;

    public int Taps => _problem.KernelRows * TapsPerRow;

    public int TapElements => TapPixels * GroupInputs;

    /// <summary>
    /// Bytes of one piece as it is read: a kernel row is read in whole groups of four bytes, so up to three bytes behind it meet weights
    /// that
    /// are zero. Where they would lie beyond the line, a padded copy stands in.
    /// </summary>
    public int TapBytes => WholeRows ? (TapElements * _problem.Input.Size() + 3) / 4 * 4 : TapElements * _problem.Input.Size();

    /// <summary>Whether a piece that starts at an input column lies within the line.</summary>
    public bool FitsLine(int inputX) =>
        inputX >= 0 && (inputX * PixelStride) + TapBytes <= _problem.InputWidth * PixelStride;

    /// <summary>A 1x1 convolution over every pixel is a GEMM over the input as it lies in memory.</summary>
    public bool IsGemm => _problem is
    {
        Groups: 1, KernelPixels: 1, StrideX: 1, StrideY: 1, StrideZ: 1,
        PadTop: 0, PadLeft: 0, PadFront: 0, PadBottom: 0, PadRight: 0, PadBack: 0,
    };

    /// <summary>A group's weights as depth x outputs; depth runs over kernel rows, kernel columns, channels, as the taps do.</summary>
    public byte[] DepthMajor(ReadOnlySpan<byte> weights, int group) => _problem.Input == DataType.Float32
        ? MemoryMarshal.AsBytes(DepthMajor(MemoryMarshal.Cast<byte, float>(weights), group).AsSpan()).ToArray()
        : DepthMajor<byte>(weights, group);

    private T[] DepthMajor<T>(ReadOnlySpan<T> weights, int group)
    {
        var kernelPixels = _problem.KernelPixels;
        var result = new T[kernelPixels * GroupInputs * GroupOutputs];
        for (var output = 0; output < GroupOutputs; output++)
            for (var input = 0; input < GroupInputs; input++)
                for (var pixel = 0; pixel < kernelPixels; pixel++)
                {
                    var source = (((((group * GroupOutputs) + output) * GroupInputs) + input) * kernelPixels) + pixel;
                    result[(((pixel * GroupInputs) + input) * GroupOutputs) + output] = weights[source];
                }
        return result;
    }
}
