using ServingStack.LoadTest.Load;
using ServingStack.LoadTest.Tests.Support;

namespace ServingStack.LoadTest.Tests.Load;

public class PeakSearchTests
{
    [Fact]
    public async Task Find_ServerOfFourAtOnce_IsWhatFourCallersGet()
    {
        var asked = new List<int>();

        var peak = await new PeakSearch(
            callers =>
            {
                asked.Add(callers);
                return Task.FromResult(Results.Of(100 * Math.Min(callers, 4)));
            },
            NoRate).FindAsync();

        Assert.Equal(400, peak);
        Assert.Equal([1, 2, 4, 8, 16, 32], asked);
    }

    [Fact]
    public async Task Find_FullQueue_IsNoPeak()
    {
        var search = new PeakSearch(callers => Task.FromResult(Results.Of(100 * callers, errors: callers > 8 ? 1 : 0)), NoRate);
        var peak = await search.FindAsync();

        Assert.Equal(800, peak);
    }

    [Fact]
    public async Task Find_NothingButErrors_IsZero() =>
        Assert.Equal(0, await new PeakSearch(_ => Task.FromResult(Results.Of(0, answered: 0, errors: 9)), NoRate).FindAsync());

    [Theory]
    [InlineData(10)]
    [InlineData(50)]
    public async Task FindWithin_QueueingServer_IsTheRateWhoseP99IsTheBound(double boundMs)
    {
        // The response time of an M/M/1 queue of 1000 a second is exponential: p99 is ln 100 / (1000 - rate).
        static double P99(double rate) => 1000 * Math.Log(100) / (1000 - rate);
        var exact = 1000 - 1000 * Math.Log(100) / boundMs;

        var search = new PeakSearch(NoCallers, r => Task.FromResult(Results.Of(r, P99(r))));
        var rate = await search.FindWithinAsync(1000, TimeSpan.FromMilliseconds(boundMs));

        Assert.InRange(rate, exact - (1000 / 64.0), exact);
    }

    [Fact]
    public async Task FindWithin_ServerThatFallsBehind_IsBelowWhatItAnswers()
    {
        var search = new PeakSearch(NoCallers, r => Task.FromResult(Results.Of(Math.Min(r, 500))));
        var rate = await search.FindWithinAsync(1000, TimeSpan.FromSeconds(1));

        Assert.InRange(rate, 484, 500 / 0.97);
    }

    [Fact]
    public async Task FindWithin_BoundThatNoRateHolds_IsZero()
    {
        var search = new PeakSearch(NoCallers, r => Task.FromResult(Results.Of(r, p99Ms: 20)));
        Assert.Equal(0, await search.FindWithinAsync(1000, TimeSpan.FromMilliseconds(10)));
    }

    private static Task<LoadResult> NoRate(double rate) => throw new InvalidOperationException("no open loop is needed");

    private static Task<LoadResult> NoCallers(int callers) => throw new InvalidOperationException("no closed loop is needed");
}
