using System.Runtime.InteropServices;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// What a 4-bit tile kernel reads when called. The first part is shared with other tile kernels: there A is the first tile's prepared rows
/// (see <see cref="LowBitRows"/>), Scale and Bias are of channels.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LowBitArguments
{
    public TileArguments Tile;

    public nint BlockScales;
    public nint ZeroPoints;

    /// <summary>The step of each row.</summary>
    public nint RowScales;

    /// <summary>For each row of the tile, for each vector: the sums of its outliers.</summary>
    public nint Outliers;

    public static int Offset(string field) => (int)Marshal.OffsetOf<LowBitArguments>(field);
}
