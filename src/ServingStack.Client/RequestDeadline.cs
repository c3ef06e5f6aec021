namespace ServingStack.Client;

/// <summary>Ends a call whose timeout has passed, or that its caller has cancelled, and tells the two apart.</summary>
internal sealed class RequestDeadline : IDisposable
{
    /// <summary>The server's own refusal says more than a broken connection does, so it gets this long to arrive.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource? _timer;
    private readonly TimeSpan? _timeout;

    public RequestDeadline(TimeSpan? timeout, CancellationToken caller)
    {
        (_timeout, _caller) = (timeout, caller);
        if (timeout is not { } limit) return;
        if (limit <= TimeSpan.Zero) throw new ArgumentOutOfRangeException(nameof(timeout), limit, "A timeout must be longer than nothing.");
        _timer = CancellationTokenSource.CreateLinkedTokenSource(caller);
        _timer.CancelAfter(limit + Grace);
    }

    public CancellationToken Token => _timer?.Token ?? _caller;

    /// <summary>Whether the call ended because its time was over.</summary>
    public bool Passed => _timer is { IsCancellationRequested: true } && !_caller.IsCancellationRequested;

    public InferenceException ToException(Exception inner) =>
        new(InferenceFailure.DeadlineExceeded, "timeout", $"no answer within {_timeout}", inner);

    public void Dispose() => _timer?.Dispose();
}
