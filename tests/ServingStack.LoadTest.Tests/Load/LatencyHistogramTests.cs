using ServingStack.LoadTest.Load;

namespace ServingStack.LoadTest.Tests.Load;

public class LatencyHistogramTests
{
    [Theory]
    [InlineData(50, 500)]
    [InlineData(90, 900)]
    [InlineData(99, 990)]
    [InlineData(99.9, 999)]
    [InlineData(100, 1000)]
    public void At_OneToAThousandMilliseconds_IsRightToThreeDigits(double percentile, double expected)
    {
        var histogram = new LatencyHistogram();
        foreach (var ms in Enumerable.Range(1, 1000)) histogram.Record(TimeSpan.FromMilliseconds(ms));

        Assert.InRange(histogram.At(percentile).TotalMilliseconds, expected * 0.999, expected * 1.001);
    }

    [Fact]
    public void At_Nothing_IsZero() => Assert.Equal(TimeSpan.Zero, new LatencyHistogram().At(99));

    [Theory]
    [InlineData(-5, 1)]
    [InlineData(0, 1)]
    public void Record_ClockThatStoodStill_IsTheShortest(long ticks, long expected)
    {
        var histogram = new LatencyHistogram();

        histogram.Record(new TimeSpan(ticks));

        Assert.Equal(expected, histogram.At(100).Ticks);
    }

    [Fact]
    public void Record_LongerThanItsRange_StillCounts()
    {
        var histogram = new LatencyHistogram();

        histogram.Record(TimeSpan.FromDays(1));

        Assert.Equal(1, histogram.Count);
        Assert.True(histogram.At(100) >= TimeSpan.FromHours(1));
    }

    [Fact]
    public void Record_FromManyThreads_LosesNothing()
    {
        var histogram = new LatencyHistogram();

        Parallel.For(0, 10_000, i => histogram.Record(TimeSpan.FromMilliseconds(i % 100 + 1)));

        Assert.Equal(10_000, histogram.Count);
    }

    [Fact]
    public void WriteDistribution_IsInMilliseconds()
    {
        var histogram = new LatencyHistogram();
        histogram.Record(TimeSpan.FromMilliseconds(250));
        var text = new StringWriter();

        histogram.WriteDistribution(text);

        Assert.Contains("Percentile", text.ToString());
        Assert.Matches(@"(?m)^\s*250\.\d+", text.ToString());
    }
}
