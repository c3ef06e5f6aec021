using Grpc.Core;
using ServingStack.Serving.Errors;

namespace ServingStack.Server.Errors;

/// <summary>
/// The one table of statuses: what every kind of error is over HTTP and over gRPC. A full queue is 429, not 503, so that clients know the
/// difference between "slow down" and "go elsewhere".
/// </summary>
internal static class ErrorStatus
{
    // 499 is what proxies log for a client that closed the connection; nobody is left to read it.
    private const int ClientClosedRequest = 499;

    private static readonly Dictionary<ServingErrorKind, (int Http, StatusCode Grpc)> Rows = new()
    {
        [ServingErrorKind.InvalidArgument] = (StatusCodes.Status400BadRequest, StatusCode.InvalidArgument),
        [ServingErrorKind.NotFound] = (StatusCodes.Status404NotFound, StatusCode.NotFound),
        [ServingErrorKind.PayloadTooLarge] = (StatusCodes.Status413PayloadTooLarge, StatusCode.ResourceExhausted),
        [ServingErrorKind.QueueFull] = (StatusCodes.Status429TooManyRequests, StatusCode.ResourceExhausted),
        [ServingErrorKind.Cancelled] = (ClientClosedRequest, StatusCode.Cancelled),
        [ServingErrorKind.Internal] = (StatusCodes.Status500InternalServerError, StatusCode.Internal),
        [ServingErrorKind.Unsupported] = (StatusCodes.Status501NotImplemented, StatusCode.Unimplemented),
        [ServingErrorKind.Unavailable] = (StatusCodes.Status503ServiceUnavailable, StatusCode.Unavailable),
        [ServingErrorKind.DeadlineExceeded] = (StatusCodes.Status504GatewayTimeout, StatusCode.DeadlineExceeded),
    };

    public static int HttpOf(ServingErrorKind kind) => Rows[kind].Http;

    /// <summary>Whole seconds to wait before a retry, 1 to 3600; null when the error gives none.</summary>
    public static string? RetryAfterOf(ServingError error) =>
        error.RetryAfter is { } pause ? $"{Math.Clamp((long)Math.Ceiling(pause.TotalSeconds), 1, 3600)}" : null;

    public static StatusCode GrpcOf(ServingErrorKind kind) => Rows[kind].Grpc;
}
