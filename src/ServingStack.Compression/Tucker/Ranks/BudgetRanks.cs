using System.Globalization;

namespace ServingStack.Compression.Tucker.Ranks;

/// <summary>
/// The ranks that lose least within a budget of the whole network: each layer takes what minimizes error + price x cost, and the price is
/// raised until the total fits (a Lagrangian relaxation; Shoham, Gersho 1988). The error is <see cref="TuckerLayer.ErrorBound"/>, equal
/// shares of different layers counting the same; a layer may also stay whole, at no error.
/// </summary>
/// <param name="cost">What the budget is counted in.</param>
/// <param name="factor">How many times less than the original; more than 1.</param>
public sealed class BudgetRanks(IRankCost cost, double factor) : IRankSelector
{
    // 2^-60 of the range of prices is below what any layer can tell apart.
    private const int Halvings = 60;

    private readonly double _factor = factor > 1 && double.IsFinite(factor) ? factor
        : throw new TuckerException($"The budget is {factor} times less {cost.Unit}, expected more than 1, for example 2.");

    private sealed record Candidate(RankPair? Ranks, double Error, double Cost);

    public string Description => string.Create(CultureInfo.InvariantCulture, $"budget of {cost.Unit} / {_factor:0.###}");

    /// <exception cref="TuckerException">No ranks meet the budget; the message says the best reachable.</exception>
    public IReadOnlyList<RankChoice> Select(IReadOnlyList<TuckerLayer> layers, long fixedFlops)
    {
        var candidates = layers.Select(Candidates).ToArray();
        var rest = cost.Rest(layers, fixedFlops);
        var whole = rest + layers.Sum(cost.Whole);
        var least = rest + candidates.Sum(c => c.Min(x => x.Cost));
        if (least > whole / _factor)
            throw new TuckerException(string.Create(CultureInfo.InvariantCulture,
                $"No ranks bring the network to 1/{_factor} of its {cost.Unit}: the best reachable is 1/{whole / least:0.00}, with rank 1 " +
                $"wherever that is cheapest. Ask for less, or take in more layers (--pointwise, --linear)."));
        var chosen = Search(candidates, (whole / _factor) - rest);
        return [.. chosen.Select(c => c.Ranks is { } ranks ? new RankChoice(ranks) : new(null, "the budget is met without it"))];
    }

    private static Candidate[] Search(Candidate[][] candidates, double budget)
    {
        // At this price the cheapest wins everywhere: no error exceeds 2, and costs differ by their least step.
        var (low, high) = (-60.0, 60.0);
        for (var i = 0; i < Halvings; i++)
        {
            var middle = (low + high) / 2;
            if (At(candidates, Math.Pow(2, middle)).Sum(c => c.Cost) <= budget) high = middle;
            else low = middle;
        }
        return At(candidates, Math.Pow(2, high));
    }

    private static Candidate[] At(Candidate[][] candidates, double price) =>
        Array.ConvertAll(candidates, c => c.MinBy(x => x.Error + (price * x.Cost))!);

    private Candidate[] Candidates(TuckerLayer layer)
    {
        List<Candidate> found = [new(null, 0, cost.Whole(layer))];
        foreach (var outputs in cost.Grid(layer.Outputs))
            foreach (var inputs in layer.KeepsInputs ? [null] : cost.Grid(layer.Inputs).Select(r => (int?)r))
            {
                var ranks = new RankPair(inputs, outputs);
                if (cost.At(layer, ranks) is var price && price < found[0].Cost) found.Add(new(ranks, layer.ErrorBound(ranks), price));
            }
        return [.. found];
    }
}
