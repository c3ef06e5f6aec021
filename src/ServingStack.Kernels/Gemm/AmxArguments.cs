using System.Runtime.InteropServices;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// What an AMX kernel reads when called, and its own notes. The epilogue of a block runs while the next one is multiplied, so the block
/// whose sums wait in the scratch has pointers of its own, and may wait from one call to the next.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct AmxArguments
{
    /// <summary>
    /// Must come first: the epilogue finds its fields by their offset. C, Scale and Residual are those of the block that waits; A, StrideA,
    /// B, Bias and Tiles (how many blocks to multiply; 0 only finishes) those of the blocks to come.
    /// </summary>
    public TileArguments Waiting;

    /// <summary>Where the blocks to come are stored.</summary>
    public nint NextC;
    public nint NextResidual;
    public nint NextScale;

    /// <summary>Room for the sums of a block, row by row.</summary>
    public nint Sums;

    /// <summary>1 when sums of an earlier call wait to be finished.</summary>
    public nint HasWaiting;
}
