using System.Runtime.InteropServices;

namespace ServingStack.Kernels.Gemm;

/// <summary>Rows of floats that become one tile of signed bytes.</summary>
/// <param name="Rows">Of the tile.</param>
/// <param name="Depth">Numbers of a row.</param>
/// <param name="BlockSteps">Steps of eight of depth in a block; a multiple of two, or all there are.</param>
internal sealed record LowBitPreparationKey(int Rows, int Depth, int BlockSteps, bool ZeroPoints)
{
    public int Steps => (Depth + LowBitPanels.StepDepth - 1) / LowBitPanels.StepDepth;

    public string Name => $"lowbit_prepare_{Rows}_k{Depth}b{BlockSteps}{(ZeroPoints ? "z" : "")}";
}

/// <summary>What a preparing kernel reads when called.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LowBitPreparationArguments
{
    /// <summary>The first row, and bytes between rows.</summary>
    public nint Source;

    public nint Stride;

    /// <summary>The first tile, and bytes between tiles.</summary>
    public nint Target;

    public nint TileBytes;

    /// <summary>Where the rows' steps go.</summary>
    public nint Scales;

    public nint Tiles;
}
