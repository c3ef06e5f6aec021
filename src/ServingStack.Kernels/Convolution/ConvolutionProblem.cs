using ServingStack.Kernels.Gemm;

namespace ServingStack.Kernels.Convolution;

/// <summary>
/// A two-dimensional convolution on NHWC activations. Padding reads the input's zero point. Weights are given in ONNX's order
/// [OutputChannels, InputChannels / Groups, KernelHeight, KernelWidth] and packed by the kernel.
/// </summary>
public sealed record ConvolutionProblem
{
    public required int InputChannels { get; init; }
    public required int OutputChannels { get; init; }
    public required int InputHeight { get; init; }
    public required int InputWidth { get; init; }
    public required int KernelHeight { get; init; }
    public required int KernelWidth { get; init; }
    public int StrideY { get; init; } = 1;
    public int StrideX { get; init; } = 1;
    public int DilationY { get; init; } = 1;
    public int DilationX { get; init; } = 1;
    public int PadTop { get; init; }
    public int PadLeft { get; init; }
    public int PadBottom { get; init; }
    public int PadRight { get; init; }
    public int Groups { get; init; } = 1;

    /// <summary>Float32, UInt8 or Int8.</summary>
    public required DataType Input { get; init; }

    public required Epilogue Epilogue { get; init; }

    public int OutputHeight => ((InputHeight + PadTop + PadBottom - (DilationY * (KernelHeight - 1)) - 1) / StrideY) + 1;

    public int OutputWidth => ((InputWidth + PadLeft + PadRight - (DilationX * (KernelWidth - 1)) - 1) / StrideX) + 1;

    public bool IsDepthwise => Groups > 1 && Groups == InputChannels && Groups == OutputChannels;
}
