namespace ServingStack.Compression.Tucker;

/// <summary>
/// How many directions of a layer's inputs (mode 3) and outputs (mode 4) a decomposition keeps; no rank of inputs keeps that mode whole.
/// </summary>
public readonly record struct RankPair(int? Inputs, int Outputs)
{
    /// <exception cref="TuckerException">A rank is below 1 or above its mode's size.</exception>
    public void Check(int inputs, int outputs, string layer = "the layer")
    {
        CheckOne(Inputs ?? 1, inputs, "inputs", layer);
        CheckOne(Outputs, outputs, "outputs", layer);
    }

    public override string ToString() => Inputs is null ? $"{Outputs}" : $"{Inputs}, {Outputs}";

    private static void CheckOne(int rank, int size, string mode, string layer)
    {
        if (rank < 1 || rank > size)
            throw new TuckerException($"Rank {rank} for the {mode} of {layer} is out of range: its {mode} are {size}, so give 1 to {size}.");
    }
}
