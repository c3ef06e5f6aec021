using ServingStack.Server.Errors;
using ServingStack.Serving.Errors;

namespace ServingStack.Server.Rest;

/// <summary>The body of every REST error: <c>{"error": "..."}</c>.</summary>
internal sealed record ErrorDocument(string Error);

/// <summary>Answers errors over REST, those of requests and those of the framework alike.</summary>
internal static class RestError
{
    public static Task WriteAsync(HttpContext http, ServingError error)
    {
        if (ErrorStatus.RetryAfterOf(error) is { } seconds) http.Response.Headers.RetryAfter = seconds;
        return WriteAsync(http, ErrorStatus.HttpOf(error.Kind), error.Message);
    }

    public static Task WriteAsync(HttpContext http, int status, string message)
    {
        http.Response.StatusCode = status;
        return http.Response.WriteAsJsonAsync(new ErrorDocument(message));
    }

    /// <summary>Gives a body to the statuses that the framework sets without one: unknown paths and wrong verbs.</summary>
    public static Task WriteStatusAsync(HttpContext http) => http.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound =>
            WriteAsync(http, 404, $"There is no '{http.Request.Path}'; what there is stands at /openapi/v1.json."),
        StatusCodes.Status405MethodNotAllowed => WriteAsync(http, 405,
            $"'{http.Request.Path}' does not take {http.Request.Method}, only {http.Response.Headers.Allow}."),
        var status => WriteAsync(http, status, Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status)),
    };
}
