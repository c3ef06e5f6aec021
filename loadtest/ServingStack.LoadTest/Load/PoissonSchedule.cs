namespace ServingStack.LoadTest.Load;

/// <summary>
/// When requests are due if each comes from somebody who knows nothing of the others: gaps are independent and exponentially distributed
/// with the mean 1 / rate. The same seed gives the same moments.
/// </summary>
internal sealed class PoissonSchedule(double rate, int seed)
{
    private readonly Random _random = new(seed);
    private double _seconds;

    /// <summary>The next moment, counted from the beginning of the load.</summary>
    public TimeSpan Next()
    {
        // 1 - u lies in (0, 1], so the logarithm is finite.
        _seconds -= Math.Log(1 - _random.NextDouble()) / rate;
        return TimeSpan.FromSeconds(_seconds);
    }
}
