namespace ServingStack.Compression.Tucker.Ranks;

/// <summary>Selectors that look at one layer at a time.</summary>
public abstract class LayerwiseRanks : IRankSelector
{
    public abstract string Description { get; }

    public IReadOnlyList<RankChoice> Select(IReadOnlyList<TuckerLayer> layers, long fixedFlops) => [.. layers.Select(Choose)];

    /// <summary>The rank of one mode, given its unfoldings (one a group); 0 where it holds nothing.</summary>
    protected abstract int RankOf(IReadOnlyList<Spectrum> spectra);

    private RankChoice Choose(TuckerLayer layer)
    {
        var outputs = RankOf(layer.OutputSpectra);
        int? inputs = layer.KeepsInputs ? null : RankOf(layer.InputSpectra);
        return outputs == 0 || inputs == 0 ? new(null, "no structure stands out of the noise (rank 0)")
            : RankChoice.IfSmaller(layer, new(inputs, outputs));
    }
}
