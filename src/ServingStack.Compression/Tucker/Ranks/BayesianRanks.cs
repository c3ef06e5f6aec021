using System.Globalization;

namespace ServingStack.Compression.Tucker.Ranks;

/// <summary>
/// The ranks of <see cref="EmpiricalBayes"/>, as in Kim et al. 2016, weakened: 1 takes them as they are, 0 keeps the mode whole, between
/// them it goes that share of the way down (Gusak et al. 2019).
/// </summary>
public sealed class BayesianRanks(double weakening) : LayerwiseRanks
{
    private readonly double _weakening = weakening is > 0 and <= 1 ? weakening
        : throw new TuckerException($"The weakening factor is {weakening}, expected more than 0 and at most 1.");

    public override string Description => string.Create(CultureInfo.InvariantCulture, $"vbmf, weakening {_weakening}");

    protected override int RankOf(IReadOnlyList<Spectrum> spectra)
    {
        var height = spectra[0].Height;
        var rank = spectra.Max(s => EmpiricalBayes.Solve(Shorter(s), height, s.Width).Rank);
        return rank == 0 ? 0 : (int)Math.Round(height - (_weakening * (height - rank)));
    }

    // A mode that is wider than the rest of the kernel has zeros behind its last value.
    private static ReadOnlySpan<double> Shorter(Spectrum spectrum) =>
        spectrum.SingularValues.AsSpan(0, Math.Min(spectrum.Height, spectrum.Width));
}
