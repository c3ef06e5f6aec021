namespace ServingStack.Serving.Batching;

/// <summary>
/// Learns a batch's duration as a line over its rows, by least squares over the most recent batches. Not thread-safe.
/// The prediction fades while no batch runs: a model that was slow once would otherwise refuse every request with a deadline and never
/// learn that it is fast again.
/// </summary>
public sealed class CostModel(long fadeAfter)
{
    // Enough to average scheduling noise out, few enough to follow a change of load within seconds.
    private const int Window = 50;

    private readonly (int Rows, long Ticks)[] _samples = new (int, long)[Window];
    private int _count;
    private long _lastSample;
    private BatchCost _fitted;

    /// <summary>Adds what a batch took that ended at <paramref name="now"/>.</summary>
    public void Learn(int rows, long ticks, long now)
    {
        _samples[_count++ % Window] = (rows, ticks);
        _lastSample = now;
        _fitted = Fit(_samples.AsSpan(0, Math.Min(_count, Window)));
    }

    /// <summary>The line at <paramref name="now"/>: halved for every period of <c>fadeAfter</c> ticks without a batch.</summary>
    public BatchCost At(long now)
    {
        var periods = Math.Clamp((now - _lastSample) / fadeAfter, 0, 62);
        var faded = 1.0 / (1L << (int)periods);
        return new BatchCost(_fitted.Fixed * faded, _fitted.PerRow * faded);
    }

    /// <summary>
    /// The least-squares line with neither part negative. A single size says nothing of the intercept: all counts as per row.
    /// </summary>
    internal static BatchCost Fit(ReadOnlySpan<(int Rows, long Ticks)> samples)
    {
        double n = samples.Length, rows = 0, ticks = 0, squares = 0, products = 0;
        foreach (var (r, t) in samples)
        {
            rows += r;
            ticks += t;
            squares += (double)r * r;
            products += (double)r * t;
        }
        var spread = (n * squares) - (rows * rows);
        if (spread <= 0) return new BatchCost(0, ticks / rows);
        var slope = ((n * products) - (rows * ticks)) / spread;
        if (slope < 0) return new BatchCost(ticks / n, 0);
        var intercept = (ticks - (slope * rows)) / n;
        return intercept < 0 ? new BatchCost(0, products / squares) : new BatchCost(intercept, slope);
    }
}
