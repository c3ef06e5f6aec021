using System.Runtime.InteropServices;

namespace ServingStack.Kernels.Convolution;

/// <summary>What a line kernel reads when called: some lines of output, one block of channels.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LineArguments
{
    /// <summary>The first line's entries of the <see cref="LineTable"/>.</summary>
    public nint Table;

    /// <summary>Bytes from where a line's pixels leave the table to the next line's entries.</summary>
    public nint TableSkip;

    /// <summary>Bytes from a pixel's first channel to the block's.</summary>
    public nint ChannelOffset;
    public nint Weights;
    public nint Bias;
    public nint Scale;
    public nint Output;
    public nint Lines;
    public float Lower;
    public float Upper;

    /// <summary>The output's zero point, for each 16-bit lane of a vector.</summary>
    public fixed short OutputZeroPoints[32];
}
