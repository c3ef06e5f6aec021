using ServingStack.Client;

namespace ServingStack.LoadTest.Load;

/// <summary>Counts what a load does while it runs. Requests of the warm-up are sent and awaited, and count nowhere but in flight.</summary>
internal sealed class LoadRecorder(IPace pace)
{
    private long _sent;
    private long _inFlight;
    private long _firstDue = long.MaxValue;
    private long _lastDone;

    /// <summary>From the moment a request was due to its answer: what a caller waits, the generator's own lateness included.</summary>
    public LatencyHistogram Latency { get; } = new();

    /// <summary>From the moment a request was sent to its answer.</summary>
    public LatencyHistogram Service { get; } = new();

    /// <summary>From the moment a request was due until it was sent.</summary>
    public LatencyHistogram Lateness { get; } = new();

    public ErrorCounts Errors { get; } = new();

    public long Sent => Volatile.Read(ref _sent);

    public long InFlight => Volatile.Read(ref _inFlight);

    /// <summary>From the first request's due moment to the last answer; zero while there is no answer.</summary>
    public TimeSpan Elapsed => new(Math.Max(0, Volatile.Read(ref _lastDone) - Volatile.Read(ref _firstDue)));

    public double AnsweredRate => Elapsed > TimeSpan.Zero ? Latency.Count / Elapsed.TotalSeconds : 0;

    /// <summary>Sends one request that was due at <paramref name="due"/>; completes with its answer and never fails.</summary>
    public async Task RunAsync(SendRequest send, long number, TimeSpan due, bool counts)
    {
        var sent = pace.Now;
        Interlocked.Increment(ref _inFlight);
        if (counts) NoteSent(due, sent);
        try
        {
            await send(number).ConfigureAwait(false);
            if (counts) NoteAnswer(due, sent);
        }
        catch (InferenceException e)
        {
            if (counts) Errors.Add(e.Status, e.Error);
        }
        catch (Exception e)
        {
            if (counts) Errors.Add(e.GetType().Name, e.Message);
        }
        Interlocked.Decrement(ref _inFlight);
    }

    /// <summary>Counts a request that was due and could not be sent.</summary>
    public void Skip(TimeSpan due, string status, string reason)
    {
        NoteSent(due, pace.Now);
        Errors.Add(status, reason);
    }

    public LoadResult ToResult(double? requestedRate) => new(
        requestedRate, Elapsed, Sent, Latency.Count, AnsweredRate, Errors.Kinds,
        Latency.Summary(), Service.Summary(), Lateness.Summary(), Latency);

    private void NoteSent(TimeSpan due, TimeSpan sent)
    {
        // The first to be counted is the first due: requests are started in order.
        if (Interlocked.Increment(ref _sent) == 1) Volatile.Write(ref _firstDue, due.Ticks);
        Lateness.Record(sent - due);
    }

    private void NoteAnswer(TimeSpan due, TimeSpan sent)
    {
        var now = pace.Now;
        Latency.Record(now - due);
        Service.Record(now - sent);
        for (var last = Volatile.Read(ref _lastDone); now.Ticks > last; last = Volatile.Read(ref _lastDone))
            if (Interlocked.CompareExchange(ref _lastDone, now.Ticks, last) == last) break;
    }
}
