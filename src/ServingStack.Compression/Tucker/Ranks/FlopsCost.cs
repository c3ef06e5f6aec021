namespace ServingStack.Compression.Tucker.Ranks;

/// <summary>Arithmetic operations at batch 1.</summary>
public sealed class FlopsCost : IRankCost
{
    // Finer steps than 1/64 of a mode change nothing that can be measured.
    private const int Steps = 64;

    public string Unit => "flops";

    public double Whole(TuckerLayer layer) => layer.Flops;

    public double At(TuckerLayer layer, RankPair ranks) => layer.FlopsAt(ranks);

    public IReadOnlyList<int> Grid(int size)
    {
        var step = Math.Max(1, size / Steps);
        return [.. Enumerable.Range(1, size / step).Select(i => i * step)];
    }

    public double Rest(IReadOnlyList<TuckerLayer> layers, long fixedFlops) => fixedFlops;
}
