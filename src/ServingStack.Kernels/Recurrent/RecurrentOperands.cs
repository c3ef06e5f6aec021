namespace ServingStack.Kernels.Recurrent;

/// <summary>
/// The memory of one direction. X is [Steps, Batch, input], dense. The states are [Batch, hidden], dense; one that is 0 is zeros to begin
/// with, and not wanted at the end.
/// </summary>
/// <param name="Scratch">As many bytes as <see cref="RecurrentLayer.ScratchBytes"/> says, at a multiple of 64.</param>
public readonly record struct RecurrentOperands(int Steps, int Batch, nint X, nint Scratch)
{
    /// <summary>The hidden state after each step, [Batch, hidden] each; 0 where it is not wanted.</summary>
    public nint Y { get; init; }

    /// <summary>Bytes from one step's states to the next step's.</summary>
    public nint StrideY { get; init; }

    public nint InitialHidden { get; init; }

    public nint InitialCell { get; init; }

    public nint FinalHidden { get; init; }

    public nint FinalCell { get; init; }
}
