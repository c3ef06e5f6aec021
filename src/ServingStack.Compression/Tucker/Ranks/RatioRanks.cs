using System.Globalization;

namespace ServingStack.Compression.Tucker.Ranks;

/// <summary>The same share of every mode.</summary>
public sealed class RatioRanks(double share) : LayerwiseRanks
{
    private readonly double _share = share is > 0 and < 1 ? share
        : throw new TuckerException($"The share of ranks is {share}, expected more than 0 and less than 1.");

    public override string Description => string.Create(CultureInfo.InvariantCulture, $"ratio {_share}");

    protected override int RankOf(IReadOnlyList<Spectrum> spectra) => Math.Max(1, (int)Math.Round(_share * spectra[0].Height));
}
