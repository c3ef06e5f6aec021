using System.Runtime.InteropServices;

namespace ServingStack.Kernels.Convolution;

/// <summary>
/// What a line kernel reads when called, some lines of output for a run of channel blocks, and its own notes: it counts Blocks down and
/// advances Output from block to block.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LineArguments
{
    /// <summary>The first line's entries of the <see cref="LineTable"/>.</summary>
    public nint Table;

    /// <summary>Bytes from where a line's pixels leave the table to the next line's entries.</summary>
    public nint TableSkip;

    /// <summary>Bytes from a pixel's first channel to the first that the block reads.</summary>
    public nint ChannelOffset;

    /// <summary>Bytes from a block's input channels to the next one's.</summary>
    public nint ChannelStep;

    /// <summary>The first block of <see cref="LinePanels"/>; the others follow.</summary>
    public nint Panel;
    public nint Output;

    /// <summary>Bytes from a block's output channels to the next one's.</summary>
    public nint OutputStep;
    public nint Lines;
    public nint Blocks;
    public float Lower;
    public float Upper;

    /// <summary>The output's zero point, for each 16-bit lane of a vector.</summary>
    public fixed short OutputZeroPoints[32];
}
