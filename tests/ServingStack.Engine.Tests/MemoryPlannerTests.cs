namespace ServingStack.Engine.Tests;

public class MemoryPlannerTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 200)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Place_RandomLifetimes_NeverOverlapsWhatLivesTogether(int seed)
    {
        var lifetimes = RandomLifetimes(seed);

        var (offsets, arena) = MemoryPlanner.Place(lifetimes);

        for (var i = 0; i < offsets.Length; i++)
        {
            Assert.Equal(0, offsets[i] % MemoryPlanner.Alignment);
            Assert.InRange(offsets[i] + lifetimes[i].Bytes, 0, arena);
            for (var j = 0; j < i; j++)
                Assert.True(
                    !lifetimes[i].Overlaps(lifetimes[j])
                    || offsets[i] + lifetimes[i].Bytes <= offsets[j] || offsets[j] + lifetimes[j].Bytes <= offsets[i],
                    $"seed {seed}: {lifetimes[i]} at {offsets[i]} and {lifetimes[j]} at {offsets[j]} overlap");
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Place_RandomLifetimes_StaysBetweenThePeakAndTheSum(int seed)
    {
        var lifetimes = RandomLifetimes(seed);

        var (_, arena) = MemoryPlanner.Place(lifetimes);

        var peak = Enumerable.Range(0, 41).Max(step => lifetimes
            .Where(l => l.FirstStep <= step && step <= l.LastStep).Sum(l => MemoryPlanner.Align(l.Bytes)));
        Assert.InRange(arena, peak, lifetimes.Sum(l => MemoryPlanner.Align(l.Bytes)));
    }

    [Fact]
    public void Place_Chain_NeedsTheTwoLargestNeighboursOnly()
    {
        Lifetime[] chain = [new(4096, 0, 1), new(8192, 1, 2), new(8192, 2, 3), new(64, 3, 4)];

        var (_, arena) = MemoryPlanner.Place(chain);

        Assert.Equal(16384, arena);
    }

    [Fact]
    public void Place_GapOfTheRightSize_IsPreferredToALargerOne()
    {
        // Two walls live throughout; between and behind them, gaps of 256 and 64 bytes open up when the fillers die.
        Lifetime[] lifetimes = [new(1024, 0, 9), new(512, 0, 4), new(256, 0, 9), new(128, 0, 4), new(64, 0, 9), new(64, 5, 9), new(64, 5, 9)];

        var (offsets, arena) = MemoryPlanner.Place(lifetimes);

        Assert.Equal(1024 + 512 + 256 + 128 + 64, arena);
        Assert.InRange(offsets[5], offsets[3], offsets[3] + 127);
        Assert.InRange(offsets[6], offsets[3], offsets[3] + 127);
    }

    private static Lifetime[] RandomLifetimes(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, random.Next(1, 60)).Select(_ =>
        {
            var first = random.Next(40);
            return new Lifetime(random.Next(0, 5000), first, Math.Min(40, first + random.Next(8)));
        })];
    }
}
