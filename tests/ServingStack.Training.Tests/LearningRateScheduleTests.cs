namespace ServingStack.Training.Tests;

public sealed class LearningRateScheduleTests
{
    [Fact]
    public void At_WholeRun_RisesToThePeakAndFallsToZero()
    {
        var schedule = new LearningRateSchedule(peak: 0.4, steps: 100, warmUp: 0.1);
        var rates = Enumerable.Range(0, 101).Select(step => schedule.At(step)).ToArray();

        Assert.Equal(10, Array.IndexOf(rates, rates.Max()));
        Assert.Equal(0.4, rates[10], 1e-12);
        Assert.Equal(0.2, rates[55], 1e-12);
        Assert.Equal(0, rates[100], 1e-12);
        Assert.Equal(rates[..11].Order(), rates[..11]);
        Assert.Equal(rates[10..].OrderDescending(), rates[10..]);
    }

    [Fact]
    public void At_Steps_FallsToATenthAgainAndAgain()
    {
        var schedule = new LearningRateSchedule(peak: 0.5, steps: 30, warmUp: 0, stepLength: 10);

        Assert.Equal([0.5, 0.05, 0.005], new long[] { 9, 10, 29 }.Select(step => Math.Round(schedule.At(step), 12)));
    }
}
