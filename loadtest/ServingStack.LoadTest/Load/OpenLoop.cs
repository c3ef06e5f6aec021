namespace ServingStack.LoadTest.Load;

/// <summary>
/// Sends each request when it is due, whether or not those before it are answered: as callers do who do not know of each other. A server
/// that stalls for a second therefore shows a second of latency in every request due in it, not in one.
/// </summary>
/// <param name="pace">The time to run by.</param>
/// <param name="send">Sends one request.</param>
/// <param name="maxInFlight">
/// Unanswered requests beyond this are counted as errors instead of sent: a dead server must not fill the memory.
/// </param>
internal sealed class OpenLoop(IPace pace, SendRequest send, int maxInFlight)
{
    /// <summary>The status under which a request is counted that was not sent.</summary>
    public const string NotSent = "not sent";

    /// <summary>Returns after the last answer. Blocks the caller's thread until the last request is sent.</summary>
    public async Task RunAsync(
        LoadRecorder recorder, PoissonSchedule schedule, TimeSpan warmUp, TimeSpan duration, CancellationToken stop = default)
    {
        var begin = pace.Now;
        var underWay = new List<Task>();
        var number = 0L;
        for (var due = schedule.Next(); due < warmUp + duration && !stop.IsCancellationRequested; due = schedule.Next())
        {
            pace.WaitUntil(begin + due);
            Start(recorder, number++, begin + due, counts: due >= warmUp, underWay);
        }
        await Task.WhenAll(underWay).ConfigureAwait(false);
    }

    private void Start(LoadRecorder recorder, long number, TimeSpan due, bool counts, List<Task> underWay)
    {
        if (recorder.InFlight >= maxInFlight)
        {
            var reason = $"{maxInFlight} requests were in flight already; lower --rate or raise --max-in-flight";
            if (counts) recorder.Skip(due, NotSent, reason);
            return;
        }
        var request = recorder.RunAsync(send, number, due, counts);
        if (request.IsCompleted) return;
        if (underWay.Count == underWay.Capacity) underWay.RemoveAll(task => task.IsCompleted);
        underWay.Add(request);
    }
}
