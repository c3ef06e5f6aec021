using ServingStack.Kernels.Gemm;

namespace ServingStack.Kernels.Convolution;

/// <summary>Everything that the code of a depthwise kernel is specialised on. Equal keys share one emitted kernel.</summary>
internal sealed record DepthwiseKernelKey
{
    public required TileArithmetic Arithmetic { get; init; }

    public required int KernelHeight { get; init; }

    public required int KernelWidth { get; init; }

    public required int StrideX { get; init; }

    public required int DilationX { get; init; }

    /// <summary>Output pixels of one line.</summary>
    public required int OutputWidth { get; init; }

    /// <summary>fp32: vectors of 16 channels computed together. Bytes: always one vector of 64.</summary>
    public required int Vectors { get; init; }

    /// <summary>The last vector is cut by a mask (channels end inside it).</summary>
    public required bool MaskedChannels { get; init; }

    public required DataType Output { get; init; }

    public required bool ClampsBelow { get; init; }

    public required bool ClampsAbove { get; init; }

    public int Taps => KernelHeight * KernelWidth;

    public string Name => string.Join('_',
        "depthwise", Arithmetic, $"{KernelHeight}x{KernelWidth}", $"s{StrideX}d{DilationX}w{OutputWidth}",
        $"v{Vectors}{(MaskedChannels ? "m" : "")}",
        $"{Output}{(ClampsBelow ? "l" : "")}{(ClampsAbove ? "u" : "")}");
}
