namespace ServingStack.Client;

/// <summary>A call that failed: why, the status as the protocol names it, and the server's own words in the message.</summary>
public sealed class InferenceException : Exception
{
    public InferenceException(InferenceFailure failure, string status, string error, Exception? inner = null)
        : base($"{status}: {error}", inner) => (Failure, Status, Error) = (failure, status, error);

    public InferenceFailure Failure { get; }

    /// <summary>For example <c>HTTP 429</c> or <c>gRPC RESOURCE_EXHAUSTED</c>.</summary>
    public string Status { get; }

    /// <summary>The server's error text, or what went wrong on the way to it.</summary>
    public string Error { get; }

    /// <summary>How long the server asks to wait before another try; null when it does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
