using ServingStack.LoadTest.Load;

namespace ServingStack.LoadTest.Tests.Support;

/// <summary>Results of loads that never ran.</summary>
internal static class Results
{
    public static LoadResult Of(double answeredRate, double p99Ms = 1, long answered = 1000, long errors = 0) => new(
        answeredRate, TimeSpan.FromSeconds(1), answered + errors, answered, answeredRate,
        errors == 0 ? [] : [new ErrorCount("HTTP 500", errors, "")], Summary(p99Ms), Summary(p99Ms), Summary(0), new LatencyHistogram());

    private static LatencySummary Summary(double ms)
    {
        var time = TimeSpan.FromMilliseconds(ms);
        return new(time, time, time, time, time);
    }
}
