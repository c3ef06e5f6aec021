using System.Globalization;

namespace ServingStack.Compression.Tucker.Ranks;

/// <summary>The least ranks that keep a share of each unfolding's energy (its sum of squared singular values).</summary>
public sealed class EnergyRanks(double share) : LayerwiseRanks
{
    private readonly double _share = share is > 0 and < 1 ? share
        : throw new TuckerException($"The share of energy is {share}, expected more than 0 and less than 1.");

    public override string Description => string.Create(CultureInfo.InvariantCulture, $"energy {_share}");

    protected override int RankOf(IReadOnlyList<Spectrum> spectra) => spectra.Max(s => s.RankOfTail(1 - _share));
}
