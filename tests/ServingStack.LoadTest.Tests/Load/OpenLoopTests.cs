using ServingStack.Client;
using ServingStack.LoadTest.Load;
using ServingStack.LoadTest.Tests.Support;

namespace ServingStack.LoadTest.Tests.Load;

public class OpenLoopTests
{
    private const int Seed = 11;
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly VirtualPace _pace = new();

    [Fact]
    public async Task Run_QuickServer_SendsEachRequestWhenItIsDue()
    {
        var sent = new List<TimeSpan>();

        var result = await RunAsync(_ =>
        {
            sent.Add(_pace.Now);
            return Task.CompletedTask;
        });

        Assert.Equal(Moments(TimeSpan.Zero, Second), sent);
        Assert.Equal((sent.Count, sent.Count, 0), (result.Sent, result.Answered, result.ErrorCount));
        Assert.True(result.Lateness.Max <= TimeSpan.FromMicroseconds(1));
    }

    [Fact]
    public async Task Run_StallOfHalfASecond_IsInTheLatencyOfAllWhoWereDueInIt()
    {
        // The send itself blocks, so that the generator is late as well: the worst that a server can do to hide a stall.
        var stall = TimeSpan.FromSeconds(0.5);
        var moments = Moments(TimeSpan.Zero, Second);
        var end = moments[10] + stall;

        var result = await RunAsync(number =>
        {
            if (number == 10) _pace.Pass(stall);
            return Task.CompletedTask;
        });

        var expected = new LatencyHistogram();
        for (var i = 0; i < moments.Length; i++) expected.Record(i >= 10 && moments[i] < end ? end - moments[i] : TimeSpan.Zero);
        Assert.Equal(expected.Summary(), result.Latency);
        Assert.InRange(result.Latency.P90.TotalMilliseconds, 300, 500);
        // Counted from the sending, one request alone would have been slow.
        Assert.True(result.Service.P99 <= TimeSpan.FromMicroseconds(1));
        Assert.Equal(stall.TotalMilliseconds, result.Service.Max.TotalMilliseconds, 1.0);
    }

    [Fact]
    public async Task Run_NoAnswerYet_SendsOnAllTheSame()
    {
        var answers = new TaskCompletionSource();
        var recorder = new LoadRecorder(_pace);
        var expected = Moments(TimeSpan.Zero, Second).Length;

        var load = new OpenLoop(_pace, _ => answers.Task, int.MaxValue).RunAsync(recorder, new(200, Seed), TimeSpan.Zero, Second);

        Assert.False(load.IsCompleted);
        Assert.Equal((expected, expected, 0), (recorder.Sent, recorder.InFlight, recorder.Latency.Count));
        answers.SetResult();
        await load;
        Assert.Equal((0, expected), (recorder.InFlight, recorder.Latency.Count));
    }

    [Fact]
    public async Task Run_TooManyInFlight_CountsThoseItDidNotSend()
    {
        var answers = new TaskCompletionSource();
        var recorder = new LoadRecorder(_pace);
        var due = Moments(TimeSpan.Zero, Second).Length;

        var load = new OpenLoop(_pace, _ => answers.Task, maxInFlight: 5).RunAsync(recorder, new(200, Seed), TimeSpan.Zero, Second);
        answers.SetResult();
        await load;

        var kind = Assert.Single(recorder.Errors.Kinds);
        Assert.Equal((OpenLoop.NotSent, due - 5), (kind.Status, kind.Count));
        Assert.Equal((due, 5), (recorder.Sent, recorder.Latency.Count));
    }

    [Fact]
    public async Task Run_WarmUp_IsSentAndNotCounted()
    {
        var sent = 0;

        var result = await RunAsync(
            number => number < 3 ? throw new InvalidOperationException("cold") : Task.FromResult(sent++), warmUp: Second);

        Assert.Equal(Moments(Second, 2 * Second).Length, result.Sent);
        Assert.Equal(Moments(TimeSpan.Zero, 2 * Second).Length - 3, sent);
        Assert.Equal(0, result.ErrorCount);
    }

    [Fact]
    public async Task Run_Failures_AreCountedByKindAndKeepOutOfTheLatency()
    {
        var result = await RunAsync(number => (number % 4) switch
        {
            0 => Task.FromException(new InferenceException(InferenceFailure.ResourceExhausted, "HTTP 429", $"full {number}")),
            1 when number == 1 => throw new TimeoutException("too slow"),
            _ => Task.CompletedTask,
        });

        Assert.Equal(["HTTP 429", "TimeoutException"], result.Errors.Select(kind => kind.Status));
        Assert.Equal("full 0", result.Errors[0].Example);
        Assert.Equal(1, result.Errors[1].Count);
        Assert.Equal(result.Sent, result.Answered + result.ErrorCount);
    }

    [Fact]
    public async Task Run_Stopped_SendsNoMore()
    {
        using var stop = new CancellationTokenSource();
        var recorder = new LoadRecorder(_pace);
        var loop = new OpenLoop(_pace, number => number == 4 ? stop.CancelAsync() : Task.CompletedTask, int.MaxValue);

        await loop.RunAsync(recorder, new(200, Seed), TimeSpan.Zero, Second, stop.Token);

        Assert.Equal(5, recorder.Sent);
    }

    private async Task<LoadResult> RunAsync(SendRequest send, TimeSpan warmUp = default)
    {
        var recorder = new LoadRecorder(_pace);
        await new OpenLoop(_pace, send, int.MaxValue).RunAsync(recorder, new(200, Seed), warmUp, Second);
        return recorder.ToResult(200);
    }

    private static TimeSpan[] Moments(TimeSpan from, TimeSpan to)
    {
        var schedule = new PoissonSchedule(200, Seed);
        return [.. Enumerable.Range(0, 1000).Select(_ => schedule.Next()).Where(due => due >= from && due < to)];
    }
}
