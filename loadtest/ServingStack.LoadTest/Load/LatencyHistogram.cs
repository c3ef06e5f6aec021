using HdrHistogram;

namespace ServingStack.LoadTest.Load;

/// <summary>Durations from 0.1 microseconds to an hour, kept to three digits. Any number of threads may record.</summary>
internal sealed class LatencyHistogram
{
    private static readonly long Longest = TimeSpan.FromHours(1).Ticks;

    private readonly LongConcurrentHistogram _counts = new(1, Longest, 3);

    public long Count => _counts.TotalCount;

    public void Record(TimeSpan duration) => _counts.RecordValue(Math.Clamp(duration.Ticks, 1, Longest));

    /// <summary>The duration that <paramref name="percentile"/> of 100 do not exceed; zero when there is none.</summary>
    public TimeSpan At(double percentile) => Count == 0 ? TimeSpan.Zero : new(_counts.GetValueAtPercentile(percentile));

    /// <summary>The percentile distribution in milliseconds, as HdrHistogram's own plotter reads it.</summary>
    public void WriteDistribution(TextWriter writer) =>
        _counts.OutputPercentileDistribution(writer, 5, TimeSpan.TicksPerMillisecond);

    public LatencySummary Summary() => new(At(50), At(90), At(99), At(99.9), At(100));
}
