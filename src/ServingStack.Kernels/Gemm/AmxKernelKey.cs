namespace ServingStack.Kernels.Gemm;

/// <summary>What an AMX kernel's code is specialised on. Its steps are 64 bytes of depth, whatever taps these bytes belong to.</summary>
/// <param name="Block">Rows (up to 32) and vectors of a block, how rows are cut and found, and the epilogue.</param>
internal sealed record AmxKernelKey(TileKernelKey Block)
{
    /// <summary>Steps over the whole depth. The last may reach beyond it, to columns that meet zeros in the rows.</summary>
    public int Steps => AmxRows.StepsOf(Block.Taps * Block.TapGroups * 4);

    public string Name => $"amx_{Block.Name}";
}
