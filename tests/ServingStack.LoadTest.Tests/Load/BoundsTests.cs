using ServingStack.LoadTest.Load;
using ServingStack.LoadTest.Tests.Support;

namespace ServingStack.LoadTest.Tests.Load;

public class BoundsTests
{
    private static readonly Bounds None = new(null, null, null);

    [Fact]
    public void Missed_NoBound_IsNothing() => Assert.Empty(None.Missed(Results.Of(10, p99Ms: 1e4, errors: 5)));

    [Fact]
    public void Missed_NoAnswerAtAll_IsAlwaysOne() =>
        Assert.Equal(["no request was answered"], None.Missed(Results.Of(0, answered: 0, errors: 5)));

    [Theory]
    [InlineData(15, 15, true)]
    [InlineData(15, 15.1, false)]
    public void Missed_P99_AboveItsBoundOnly(double bound, double p99, bool holds) =>
        Assert.Equal(holds, !(None with { MaxP99 = TimeSpan.FromMilliseconds(bound) }).Missed(Results.Of(10, p99)).Any());

    [Theory]
    [InlineData(0, 0, true)]
    [InlineData(0, 1, false)]
    [InlineData(3, 3, true)]
    public void Missed_Errors_AboveTheirBoundOnly(long bound, long errors, bool holds) =>
        Assert.Equal(holds, !(None with { MaxErrors = bound }).Missed(Results.Of(10, errors: errors)).Any());

    [Theory]
    [InlineData(100, 100, true)]
    [InlineData(100, 99.9, false)]
    public void Missed_Rate_BelowItsBoundOnly(double bound, double rate, bool holds) =>
        Assert.Equal(holds, !(None with { MinRate = bound }).Missed(Results.Of(rate)).Any());

    [Fact]
    public void Missed_All_SaysEachWithItsFigures()
    {
        var lines = new Bounds(TimeSpan.FromMilliseconds(15), 0, 100).Missed(Results.Of(50, p99Ms: 20, errors: 2));

        Assert.Equal(
            ["p99 is 20.00 ms, --max-p99 is 15 ms", "2 errors, --max-errors is 0", "50.0 answers a second, --min-rate is 100.0"], lines);
    }
}
