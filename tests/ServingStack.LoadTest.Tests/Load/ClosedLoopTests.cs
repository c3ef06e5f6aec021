using ServingStack.LoadTest.Load;
using ServingStack.LoadTest.Tests.Support;

namespace ServingStack.LoadTest.Tests.Load;

public class ClosedLoopTests
{
    [Fact]
    public async Task Run_OneCaller_SendsTheNextWhenTheAnswerIsThere()
    {
        var pace = new VirtualPace();
        var recorder = new LoadRecorder(pace);
        var loop = new ClosedLoop(pace, _ =>
        {
            pace.Pass(TimeSpan.FromMilliseconds(10));
            return Task.CompletedTask;
        });

        await loop.RunAsync(recorder, callers: 1, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1));

        // A tenth of a second of warm-up counts nowhere.
        Assert.Equal((100, 100), (recorder.Sent, recorder.Latency.Count));
        Assert.Equal(100, recorder.AnsweredRate, 1e-6);
    }

    [Fact]
    public async Task Run_ManyCallers_HaveOneRequestEach()
    {
        var (pace, highest) = (new VirtualPace(), 0L);
        var recorder = new LoadRecorder(pace);
        var everybody = new TaskCompletionSource();
        var loop = new ClosedLoop(pace, number =>
        {
            if (Interlocked.Increment(ref highest) < 8) return everybody.Task;
            pace.Pass(TimeSpan.FromSeconds(2));
            everybody.TrySetResult();
            return Task.CompletedTask;
        });

        await loop.RunAsync(recorder, callers: 8, TimeSpan.Zero, TimeSpan.FromSeconds(1));

        Assert.Equal((8, 8), (recorder.Sent, recorder.Latency.Count));
    }
}
