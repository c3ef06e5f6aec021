using ServingStack.Kernels.Gemm;

namespace ServingStack.Kernels.Convolution;

/// <summary>
/// A convolution on NHWC activations, or NDHWC where there is depth: for images depth is 1, for sequences height too. Padding reads the
/// input's zero point. Weights are given in ONNX's order [OutputChannels, InputChannels / Groups, KernelDepth, KernelHeight, KernelWidth]
/// and packed by the kernel.
/// </summary>
public sealed record ConvolutionProblem
{
    public required int InputChannels { get; init; }
    public required int OutputChannels { get; init; }
    public int InputDepth { get; init; } = 1;
    public required int InputHeight { get; init; }
    public required int InputWidth { get; init; }
    public int KernelDepth { get; init; } = 1;
    public required int KernelHeight { get; init; }
    public required int KernelWidth { get; init; }
    public int StrideZ { get; init; } = 1;
    public int StrideY { get; init; } = 1;
    public int StrideX { get; init; } = 1;
    public int DilationZ { get; init; } = 1;
    public int DilationY { get; init; } = 1;
    public int DilationX { get; init; } = 1;
    public int PadFront { get; init; }
    public int PadTop { get; init; }
    public int PadLeft { get; init; }
    public int PadBack { get; init; }
    public int PadBottom { get; init; }
    public int PadRight { get; init; }
    public int Groups { get; init; } = 1;

    /// <summary>Float32, UInt8 or Int8.</summary>
    public required DataType Input { get; init; }

    public required Epilogue Epilogue { get; init; }

    public int OutputDepth => ((InputDepth + PadFront + PadBack - (DilationZ * (KernelDepth - 1)) - 1) / StrideZ) + 1;

    public int OutputHeight => ((InputHeight + PadTop + PadBottom - (DilationY * (KernelHeight - 1)) - 1) / StrideY) + 1;

    public int OutputWidth => ((InputWidth + PadLeft + PadRight - (DilationX * (KernelWidth - 1)) - 1) / StrideX) + 1;

    /// <summary>Lines of a window: kernel depth times kernel height.</summary>
    public int KernelRows => KernelDepth * KernelHeight;

    /// <summary>Pixels of a window.</summary>
    public int KernelPixels => KernelRows * KernelWidth;

    /// <summary>Lines of one image's output.</summary>
    public int OutputLines => OutputDepth * OutputHeight;

    public bool IsDepthwise => Groups > 1 && Groups == InputChannels && Groups == OutputChannels;

    /// <summary>
    /// Which line of the input, counted through all images, a line of the output meets with a kernel row; -1 in the padding.
    /// </summary>
    internal long InputLine(int outputLine, int kernelRow)
    {
        var (plane, outputY) = Math.DivRem(outputLine, OutputHeight);
        var (image, outputZ) = Math.DivRem(plane, OutputDepth);
        var (kernelZ, kernelY) = Math.DivRem(kernelRow, KernelHeight);
        var z = (outputZ * StrideZ) - PadFront + (kernelZ * DilationZ);
        var y = (outputY * StrideY) - PadTop + (kernelY * DilationY);
        if (z < 0 || z >= InputDepth || y < 0 || y >= InputHeight) return -1;
        return ((((long)image * InputDepth) + z) * InputHeight) + y;
    }
}
