using ServingStack.Graphs;

namespace ServingStack.Compression.Tucker;

/// <summary>A compressed graph, and what became of each layer.</summary>
/// <param name="Graph">The network with chains in place of layers.</param>
/// <param name="Rows">Every layer that holds weights, in the graph's order.</param>
/// <param name="Selection">How ranks were chosen.</param>
public sealed record TuckerResult(Graph Graph, IReadOnlyList<LayerRow> Rows, string Selection)
{
    public long ParametersBefore => Rows.Sum(r => r.ParametersBefore);

    public long ParametersAfter => Rows.Sum(r => r.ParametersAfter);

    public long FlopsBefore => Rows.Sum(r => r.FlopsBefore);

    public long FlopsAfter => Rows.Sum(r => r.FlopsAfter);
}

/// <summary>One layer before and after; the flops are at batch 1.</summary>
/// <param name="Name">The original node's name.</param>
/// <param name="Shape">Outputs x inputs x taps of one group, and the groups.</param>
/// <param name="Method">Tucker-2, Tucker-1, SVD, or empty for a layer that stays whole.</param>
/// <param name="Ranks">Null for a layer that stays whole.</param>
/// <param name="Reason">Why it stays whole.</param>
/// <param name="RelativeError">Of the kernel, in the Frobenius norm, or of its responses where calibrated; the root mean square over
/// groups; 0 for a layer that stays whole.</param>
public sealed record LayerRow(string Name, string Shape, string Method, RankPair? Ranks, string Reason, double RelativeError,
    long ParametersBefore, long ParametersAfter, long FlopsBefore, long FlopsAfter)
{
    /// <summary>Nodes of the compressed graph that compute the layer.</summary>
    public IReadOnlyList<string> Nodes { get; init; } = [Name];
}
