namespace ServingStack.Compression.Quantization;

/// <summary>
/// How often an activation's numbers fell where, over the range that was seen before, in 2,048 equal bins (as many as eight a step of
/// eight bits).
/// </summary>
internal sealed class ActivationHistogram(double least, double most)
{
    public const int BinCount = 2048;

    private const double ClippedShare = 1e-4;
    private const double TrimmedShare = 1e-5;

    // Candidate ends of the range, as shares of the whole, in steps of a 64th.
    private const int Candidates = 64;

    private readonly long[] _counts = new long[BinCount];

    public double Width { get; } = Math.Max(most - least, float.Epsilon) / BinCount;

    public void Add(ReadOnlySpan<float> values)
    {
        foreach (var value in values) _counts[Math.Clamp((int)((value - least) / Width), 0, BinCount - 1)]++;
    }

    public ActivationQuantization Choose(RangeMethod method) => method switch
    {
        RangeMethod.MinMax => ActivationQuantization.Covering(least, most),
        RangeMethod.Percentile => Percentile(),
        RangeMethod.MinimumError => MinimumError(),
        RangeMethod.ApproximateError => ApproximateError(),
        _ => throw new NotSupportedException($"Unknown range method {method}."),
    };

    private ActivationQuantization Percentile()
    {
        var clipped = (long)(_counts.Sum() * ClippedShare / 2);
        var (first, last) = (0, BinCount - 1);
        for (var left = clipped; (left -= _counts[first]) >= 0 && first < last;) first++;
        for (var left = clipped; (left -= _counts[last]) >= 0 && last > first;) last--;
        return ActivationQuantization.Covering(least + (first * Width), least + ((last + 1) * Width));
    }

    private ActivationQuantization MinimumError()
    {
        var best = (Error: double.PositiveInfinity, Low: least, High: most);
        for (var below = 0; below < (least < 0 ? Candidates : 1); below++)
            for (var above = 0; above < (most > 0 ? Candidates : 1); above++)
            {
                var (low, high) = (least * (1 - ((double)below / Candidates)), most * (1 - ((double)above / Candidates)));
                var error = SquaredError(Math.Min(low, 0), Math.Max(high, 0));
                if (error < best.Error) best = (error, low, high);
            }
        return ActivationQuantization.Covering(best.Low, best.High);
    }

    /// <summary>Trims a small share of the numbers a step at the end where that removes more bins, until the error rises.</summary>
    private ActivationQuantization ApproximateError()
    {
        var share = Math.Max(1, (long)(_counts.Sum() * TrimmedShare));
        var (first, last) = (0, BinCount - 1);
        var error = SquaredError(Math.Min(least, 0), Math.Max(most, 0));
        while (first < last)
        {
            var (fromBelow, fromAbove) = (Trimmed(first, 1, share), Trimmed(last, -1, share));
            var (f, l) = fromBelow - first >= last - fromAbove ? (fromBelow, last) : (first, fromAbove);
            if (l <= f) break;
            var next = SquaredError(Math.Min(Edge(f), 0), Math.Max(Edge(l + 1), 0));
            if (next > error) break;
            (first, last, error) = (f, l, next);
        }
        return ActivationQuantization.Covering(Edge(first), Edge(last + 1));
    }

    private double Edge(int bin) => least + (bin * Width);

    /// <summary>The bin where a walk ends that passes <paramref name="share"/> numbers; at least one bin on.</summary>
    private int Trimmed(int bin, int step, long share)
    {
        do share -= _counts[bin];
        while (bin + step is >= 0 and < BinCount && (bin += step) >= 0 && share > _counts[bin]);
        return bin;
    }

    /// <summary>Rounding spreads evenly over a step, whose mean square is step^2 / 12; what is clipped lands on the end of the
    /// range.</summary>
    private double SquaredError(double low, double high)
    {
        var step = (high - low) / 255;
        var rounding = step * step / 12;
        double error = 0;
        for (var bin = 0; bin < BinCount; bin++)
        {
            if (_counts[bin] == 0) continue;
            var centre = least + ((bin + 0.5) * Width);
            var beyond = Math.Max(low - centre, centre - high);
            error += _counts[bin] * (beyond > 0 ? beyond * beyond : rounding);
        }
        return error;
    }
}
