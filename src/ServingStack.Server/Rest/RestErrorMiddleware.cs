using ServingStack.Serving.Errors;

namespace ServingStack.Server.Rest;

/// <summary>Turns what endpoints throw into error answers; what nobody foresaw is logged and answered with 500.</summary>
internal sealed partial class RestErrorMiddleware(RequestDelegate next, ILogger<RestErrorMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext http)
    {
        try
        {
            await next(http).ConfigureAwait(false);
        }
        catch (Exception e) when (!http.Response.HasStarted)
        {
            await RestError.WriteAsync(http, ErrorOf(e, http)).ConfigureAwait(false);
        }
    }

    private ServingError ErrorOf(Exception exception, HttpContext http)
    {
        switch (exception)
        {
            case ServingException e: return e.Error;
            case BadHttpRequestException e: return ServingError.Invalid($"The HTTP request cannot be read: {e.Message}");
            case OperationCanceledException or IOException when http.RequestAborted.IsCancellationRequested: return ServingError.Cancelled;
            default:
                LogUnforeseen(exception, http.Request.Path);
                return new(ServingErrorKind.Internal, "The server failed on this request; its log says more.");
        }
    }

    [LoggerMessage(1, LogLevel.Error, "Unforeseen failure at {Path}")]
    private partial void LogUnforeseen(Exception exception, string path);
}
