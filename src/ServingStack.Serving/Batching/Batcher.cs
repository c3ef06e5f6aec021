using System.Runtime.InteropServices;
using ServingStack.Serving.Errors;
using ServingStack.Serving.Requests;

namespace ServingStack.Serving.Batching;

/// <summary>
/// The thin shell around <see cref="BatchPolicy"/>: one bounded queue of one model, from which the model's instances take batches.
/// Everything that could wait or lock is here, before a batch exists. Thread-safe.
/// </summary>
internal sealed class Batcher : IDisposable
{
    private readonly TimeProvider _time;
    private readonly BatchLimits _limits;
    private readonly int _capacity;
    private readonly int _instances;
    private readonly object _gate = new();
    private readonly ITimer _timer;
    private readonly CostModel _cost;

    // Two lists in step: the policy reads plain numbers, the instances take the requests.
    private readonly List<QueuedItem> _items = [];
    private readonly List<InferenceRequest> _requests = [];
    private int _depth;
    private bool _closed;
    private bool _paused;

    public Batcher(BatchLimits limits, int capacity, int instances, TimeProvider time)
    {
        (_limits, _capacity, _instances, _time) = (limits, capacity, instances, time);
        _cost = new CostModel(fadeAfter: time.TimestampFrequency);
        _timer = time.CreateTimer(static gate => Pulse(gate!), _gate, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Requests that wait.</summary>
    public int Depth => Volatile.Read(ref _depth);

    /// <summary>Queues a request, or says why not. Its arrival must be set.</summary>
    public ServingError? Enqueue(InferenceRequest request)
    {
        lock (_gate)
        {
            if (_closed) return ServingError.Unavailable($"Model '{request.Signature.Model}' is being unloaded: send the request again.");
            if (_requests.Count >= _capacity) return QueueFull(request);
            _requests.Add(request);
            _items.Add(new QueuedItem(request.Arrival, request.Deadline, request.Rows, request.Shapes));
            _depth = _requests.Count;
            Monitor.Pulse(_gate);
            return null;
        }
    }

    /// <summary>Blocks until there is a batch to run and moves it over; false when the batcher is closed and empty.</summary>
    public bool Take(List<InferenceRequest> batch)
    {
        batch.Clear();
        lock (_gate)
        {
            while (true)
            {
                DropCancelled();
                var now = _time.GetTimestamp();
                var decision = _paused ? BatchDecision.Wait(long.MaxValue) : Decide(now);
                if (decision.Action == BatchAction.Dispatch)
                {
                    Move(decision.Count, batch, now);
                    return true;
                }
                if (decision.Action == BatchAction.Reject) Refuse(decision.Index, now);
                else if (_closed && _requests.Count == 0) return false;
                else WaitUntil(decision.Until, now);
            }
        }
    }

    /// <summary>Tells how long a batch took, from which the next decisions are made.</summary>
    public void Learn(int rows, long ticks)
    {
        lock (_gate) _cost.Learn(rows, ticks, _time.GetTimestamp());
    }

    /// <summary>Takes no more requests; what is queued still runs, without waiting for company.</summary>
    public void Close()
    {
        lock (_gate)
        {
            (_closed, _paused) = (true, false);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Holds batches back until <see cref="Resume"/>, so that a test decides what is queued together.</summary>
    public void Pause()
    {
        lock (_gate) _paused = true;
    }

    public void Resume()
    {
        lock (_gate) _paused = false;
        Pulse(_gate);
    }

    public void Dispose() => _timer.Dispose();

    private BatchDecision Decide(long now)
    {
        var limits = _closed ? _limits with { MaxDelay = 0 } : _limits;
        return BatchPolicy.Decide(CollectionsMarshal.AsSpan(_items), now, limits, _cost.At(now));
    }

    /// <summary>The first <paramref name="count"/> requests with the oldest one's shapes go; the others stay in order.</summary>
    private void Move(int count, List<InferenceRequest> batch, long now)
    {
        var shapes = _items[0].Shapes;
        var kept = 0;
        for (var i = 0; i < _items.Count; i++)
        {
            if (batch.Count < count && _items[i].Shapes.Equals(shapes))
            {
                _requests[i].Started = now;
                batch.Add(_requests[i]);
            }
            else
            {
                (_items[kept], _requests[kept]) = (_items[i], _requests[i]);
                kept++;
            }
        }
        Truncate(kept);
        if (kept > 0) Monitor.Pulse(_gate);
    }

    private void DropCancelled()
    {
        var kept = 0;
        for (var i = 0; i < _items.Count; i++)
        {
            if (_requests[i].Cancellation.IsCancellationRequested) _requests[i].Complete(ServingError.Cancelled);
            else
            {
                (_items[kept], _requests[kept]) = (_items[i], _requests[i]);
                kept++;
            }
        }
        Truncate(kept);
    }

    private void Truncate(int count)
    {
        _items.RemoveRange(count, _items.Count - count);
        _requests.RemoveRange(count, _requests.Count - count);
        _depth = count;
    }

    private void Refuse(int index, long now)
    {
        var request = _requests[index];
        _items.RemoveAt(index);
        _requests.RemoveAt(index);
        _depth = _requests.Count;
        var allowed = _time.GetElapsedTime(request.Arrival, request.Deadline).TotalMilliseconds;
        var waited = _time.GetElapsedTime(request.Arrival, now).TotalMilliseconds;
        var needed = _time.GetElapsedTime(0, _cost.At(now).For(request.Rows)).TotalMilliseconds;
        request.Complete(new ServingError(ServingErrorKind.DeadlineExceeded,
            $"The deadline of {allowed:0.###} ms cannot be met: {waited:0.###} ms waited, and a run takes about {needed:0.###} ms. "
            + "Allow more time, or send fewer requests at once."));
    }

    private ServingError QueueFull(InferenceRequest request)
    {
        var batches = 1 + (_requests.Count / Math.Max(1, _limits.MaxRows * _instances));
        var drained = _time.GetElapsedTime(0, _cost.At(_time.GetTimestamp()).For(_limits.MaxRows)) * batches;
        return new ServingError(ServingErrorKind.QueueFull,
            $"The queue of model '{request.Signature.Model}' is full with {_capacity} requests: try again later, or raise queue_limit.")
        {
            RetryAfter = drained,
        };
    }

    private void WaitUntil(long until, long now)
    {
        if (until != long.MaxValue)
        {
            // Timers count whole milliseconds; the limits' margin is what keeps one that fires late within the deadline.
            var due = Math.Clamp((long)_time.GetElapsedTime(now, until).TotalMilliseconds, 1, int.MaxValue);
            _timer.Change(TimeSpan.FromMilliseconds(due), Timeout.InfiniteTimeSpan);
        }
        Monitor.Wait(_gate);
    }

    private static void Pulse(object gate)
    {
        lock (gate) Monitor.PulseAll(gate);
    }
}
