namespace ServingStack.Compression.Tucker.Ranks;

/// <summary>What a layer costs, in a unit of its own: what a budget is counted in.</summary>
public interface IRankCost
{
    /// <summary>The unit, for messages.</summary>
    string Unit { get; }

    /// <summary>The layer as it is.</summary>
    double Whole(TuckerLayer layer);

    double At(TuckerLayer layer, RankPair ranks);

    /// <summary>The ranks of a mode that are worth looking at, ascending.</summary>
    IReadOnlyList<int> Grid(int size);

    /// <summary>What the rest of the network costs: layers that are left alone, of so many flops, and whatever else the cost counts.</summary>
    double Rest(IReadOnlyList<TuckerLayer> layers, long fixedFlops);
}
