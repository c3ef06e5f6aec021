using ServingStack.LoadTest.Load;

namespace ServingStack.LoadTest.Tests.Load;

public class PoissonScheduleTests
{
    private const int Count = 200_000;

    [Theory]
    [InlineData(50, 1)]
    [InlineData(1000, 2)]
    public void Gaps_AreExponential(double rate, int seed)
    {
        var gaps = Gaps(rate, seed);
        var mean = gaps.Average();
        var deviation = Math.Sqrt(gaps.Average(gap => (gap - mean) * (gap - mean)));

        // The standard error of the mean of so many is 0.22 %; of an exponential distribution the deviation is the mean.
        Assert.InRange(mean * rate, 0.99, 1.01);
        Assert.InRange(deviation * rate, 0.98, 1.02);
        foreach (var times in new[] { 0.1, 0.5, 1, 2, 4 })
            Assert.InRange(gaps.Count(gap => gap > times / rate) / (double)Count, Math.Exp(-times) - 0.005, Math.Exp(-times) + 0.005);
    }

    [Fact]
    public void Gaps_DoNotKnowOfEachOther()
    {
        var gaps = Gaps(100, 3);
        var mean = gaps.Average();
        var variance = gaps.Average(gap => (gap - mean) * (gap - mean));

        var correlation = gaps.Zip(gaps.Skip(1), (a, b) => (a - mean) * (b - mean)).Average() / variance;

        Assert.InRange(correlation, -0.01, 0.01);
    }

    [Fact]
    public void Counts_OfEqualTimes_VaryAsMuchAsTheyAreLarge()
    {
        var schedule = new PoissonSchedule(1000, 4);
        var counts = new int[200];
        for (var due = schedule.Next(); due.TotalSeconds < counts.Length / 10.0; due = schedule.Next())
            counts[(int)(due.TotalSeconds * 10)]++;

        var mean = counts.Average();
        var variance = counts.Average(count => (count - mean) * (count - mean));

        Assert.InRange(variance / mean, 0.7, 1.3);
    }

    [Fact]
    public void Seed_DecidesTheMoments()
    {
        Assert.Equal(Gaps(10, 7), Gaps(10, 7));
        Assert.NotEqual(Gaps(10, 7), Gaps(10, 8));
    }

    private static double[] Gaps(double rate, int seed)
    {
        var schedule = new PoissonSchedule(rate, seed);
        var before = TimeSpan.Zero;
        return [.. Enumerable.Range(0, Count).Select(_ =>
        {
            var due = schedule.Next();
            var gap = due - before;
            before = due;
            return gap.TotalSeconds;
        })];
    }
}
