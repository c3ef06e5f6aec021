namespace ServingStack.LoadTest.Load;

/// <summary>Finds the highest rate that a server keeps up.</summary>
/// <param name="callers">Runs a closed loop of that many callers.</param>
/// <param name="rate">Runs an open loop at that rate.</param>
internal sealed class PeakSearch(Func<int, Task<LoadResult>> callers, Func<double, Task<LoadResult>> rate)
{
    private const int MostCallers = 512;

    /// <summary>More callers must bring this much, or they only wait longer.</summary>
    private const double Gain = 1.02;

    /// <summary>The share of a rate that must be answered in time for the server to keep up with it.</summary>
    private const double KeptUp = 0.97;

    private const int Halvings = 6;

    /// <summary>One lucky step must not end the search: so many doublings in a row must bring nothing.</summary>
    private const int Patience = 3;

    /// <summary>Requests a second at which the server has no more to give: doubles the callers until that brings nothing.</summary>
    public async Task<double> FindAsync()
    {
        var peak = 0.0;
        var fruitless = 0;
        for (var count = 1; count <= MostCallers && fruitless < Patience; count *= 2)
        {
            var result = await callers(count).ConfigureAwait(false);
            var better = result.ErrorCount == 0 && result.AnsweredRate > peak * Gain;
            fruitless = better ? 0 : fruitless + 1;
            if (result.ErrorCount == 0) peak = Math.Max(peak, result.AnsweredRate);
        }
        return peak;
    }

    /// <summary>The highest rate below <paramref name="peak"/> without an error whose p99 holds the bound; 0 when none does.</summary>
    public async Task<double> FindWithinAsync(double peak, TimeSpan maxP99)
    {
        var (good, bad) = (0.0, peak);
        for (var i = 0; i < Halvings; i++)
        {
            var middle = (good + bad) / 2;
            if (middle <= 0) break;
            if (Holds(await rate(middle).ConfigureAwait(false), middle, maxP99)) good = middle;
            else bad = middle;
        }
        return good;
    }

    private static bool Holds(LoadResult result, double rate, TimeSpan maxP99) =>
        result.ErrorCount == 0 && result.Latency.P99 <= maxP99 && result.AnsweredRate >= rate * KeptUp;
}
