namespace ServingStack.Compression.Tucker.Ranks;

/// <summary>Chooses ranks for all layers of a network.</summary>
public interface IRankSelector
{
    /// <summary>The method and its numbers, for reports and for the lineage of a model.</summary>
    string Description { get; }

    /// <summary>Ranks for each layer, or why it stays whole; <paramref name="fixedFlops"/> is what layers that are left alone cost.</summary>
    IReadOnlyList<RankChoice> Select(IReadOnlyList<TuckerLayer> layers, long fixedFlops);
}

/// <summary>Ranks, or none and the reason.</summary>
public readonly record struct RankChoice(RankPair? Ranks, string Reason = "")
{
    /// <summary>Ranks where they save operations, which is the point of decomposing.</summary>
    public static RankChoice IfSmaller(TuckerLayer layer, RankPair ranks) => layer.FlopsAt(ranks) < layer.Flops ? new(ranks)
        : new(null, $"ranks {ranks} would cost {layer.FlopsAt(ranks)} flops instead of {layer.Flops}");
}
