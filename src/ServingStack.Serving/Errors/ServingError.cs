namespace ServingStack.Serving.Errors;

/// <summary>An error as data: what a request that was refused is answered with.</summary>
/// <param name="Kind">Decides the status.</param>
/// <param name="Message">Names the value, what was expected, and the remedy.</param>
public sealed record ServingError(ServingErrorKind Kind, string Message)
{
    /// <summary>After which time a retry has a chance; null when unknown.</summary>
    public TimeSpan? RetryAfter { get; init; }

    public static ServingError Invalid(string message) => new(ServingErrorKind.InvalidArgument, message);

    public static ServingError NotFound(string message) => new(ServingErrorKind.NotFound, message);

    public static ServingError Unavailable(string message) => new(ServingErrorKind.Unavailable, message);

    public static ServingError Cancelled { get; } = new(ServingErrorKind.Cancelled, "The client left before its request ran.");
}
