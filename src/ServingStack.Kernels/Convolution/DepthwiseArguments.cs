using System.Runtime.InteropServices;

namespace ServingStack.Kernels.Convolution;

/// <summary>What a depthwise kernel reads when called: some lines of output, one block of channels.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DepthwiseArguments
{
    /// <summary>The first line's entries of the <see cref="DepthwiseTable"/>.</summary>
    public nint Table;

    /// <summary>Bytes from where a line's pixels leave the table to the next line's entries.</summary>
    public nint TableSkip;

    /// <summary>Bytes from a pixel's first channel to the block's.</summary>
    public nint ChannelOffset;
    public nint Weights;
    public nint Bias;
    public nint Scale;
    public nint Output;

    /// <summary>Bytes from one output pixel to the next.</summary>
    public nint OutputStride;
    public nint Lines;

    /// <summary>One bit for each channel of the last vector that exists.</summary>
    public ulong ChannelMask;
    public float Lower;
    public float Upper;
    public int OutputZeroPoint;
}
