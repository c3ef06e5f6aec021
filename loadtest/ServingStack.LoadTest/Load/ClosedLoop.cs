namespace ServingStack.LoadTest.Load;

/// <summary>
/// A number of callers who each send the next request as soon as they have their answer: how much a server can do, not how long one waits.
/// </summary>
internal sealed class ClosedLoop(IPace pace, SendRequest send)
{
    /// <summary>Returns when every caller has its last answer.</summary>
    public Task RunAsync(LoadRecorder recorder, int callers, TimeSpan warmUp, TimeSpan duration, CancellationToken stop = default)
    {
        var begin = pace.Now;
        var number = -1L;
        return Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(CallAsync, CancellationToken.None)));

        async Task CallAsync()
        {
            for (var now = pace.Now; now - begin < warmUp + duration && !stop.IsCancellationRequested; now = pace.Now)
                await recorder.RunAsync(send, Interlocked.Increment(ref number), now, counts: now - begin >= warmUp).ConfigureAwait(false);
        }
    }
}
