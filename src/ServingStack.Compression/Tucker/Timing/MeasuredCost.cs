using System.Runtime.Intrinsics;
using ServingStack.Compression.Tucker.Ranks;
using ServingStack.Graphs;

namespace ServingStack.Compression.Tucker.Timing;

/// <summary>
/// Seconds on our own kernels, on this machine, at batch 1 and one thread: each candidate chain is compiled and timed once, layers of equal
/// shapes together. Looked at are ranks that fill a tile: multiples of the vector's floats.
/// </summary>
/// <param name="network">The network before it is decomposed: what is not in its layers is the rest.</param>
public sealed class MeasuredCost(Graph network, IProgress<int>? progress = null) : IRankCost
{
    // More steps cost time and gain nothing that a clock can tell.
    private const int Steps = 8;

    private static readonly int Tile = Vector512.IsHardwareAccelerated ? 16 : 8;

    private readonly Dictionary<(string Layer, RankPair? Ranks), double> _seconds = [];

    public string Unit => "seconds";

    public double Whole(TuckerLayer layer) => Seconds(layer, null);

    public double At(TuckerLayer layer, RankPair ranks) => Seconds(layer, ranks);

    public IReadOnlyList<int> Grid(int size)
    {
        // A mode of few tiles is worth splitting one: a half-filled tile of a small layer still saves loads.
        var unit = size >= 4 * Tile ? Tile : Math.Max(1, Math.Min(Tile, size) / 4);
        var step = Math.Max(unit, (size + (Steps * unit) - 1) / (Steps * unit) * unit);
        return [.. Enumerable.Range(1, size / step).Select(i => i * step)];
    }

    public double Rest(IReadOnlyList<TuckerLayer> layers, long fixedFlops) =>
        Math.Max(0, GraphTimer.Measure(network, TimeSpan.FromMilliseconds(500)).Total - layers.Sum(Whole));

    private double Seconds(TuckerLayer layer, RankPair? ranks)
    {
        var key = (layer.TimingKey, ranks);
        if (_seconds.TryGetValue(key, out var known)) return known;
        progress?.Report(_seconds.Count + 1);
        return _seconds[key] = GraphTimer.Measure(LayerGraph.Of(layer, ranks)).Steps.Where(s => LayerGraph.Owns(s.Key)).Sum(s => s.Value);
    }
}
