using System.Globalization;
using ServingStack.Server.Options;
using ServingStack.Serving.Errors;
using ServingStack.Serving.Repository;
using ServingStack.Serving.Telemetry;

namespace ServingStack.Server.Rest;

/// <summary>Answers <c>POST /v2/models/{model}[/versions/{version}]/infer</c>.</summary>
internal sealed class InferEndpoint(ModelRepository repository, ServingMetrics metrics, ServerOptions options)
{
    public async Task HandleAsync(HttpContext http, string model, string? version)
    {
        using var body = await RequestBody.ReadAsync(http.Request, options.MaxRequestBytes, http.RequestAborted).ConfigureAwait(false);
        if (repository.Acquire(model, version, out var missing) is not { } lease)
        {
            metrics.CountRefused(missing!);
            await RestError.WriteAsync(http, missing!).ConfigureAwait(false);
            return;
        }
        using (lease)
        {
            using var inference = Read(http, body, lease.Model);
            var error = await lease.Model.RunAsync(inference.Request).ConfigureAwait(false);
            var answered = error is null
                ? InferResponseWriter.WriteAsync(http.Response, inference, lease.Model, http.RequestAborted)
                : RestError.WriteAsync(http, error);
            await answered.ConfigureAwait(false);
        }
    }

    private static RestInference Read(HttpContext http, PooledBuffer body, ServedModel model)
    {
        try
        {
            var inference = InferRequestReader.Read(body.Written, JsonLength(http.Request), model.Signature);
            inference.Request.Cancellation = http.RequestAborted;
            return inference;
        }
        catch (ServingException e)
        {
            model.CountRefused(e.Error);
            throw;
        }
    }

    private static int? JsonLength(HttpRequest request)
    {
        var header = request.Headers[InferResponseWriter.HeaderLength].ToString();
        if (header.Length == 0) return null;
        return int.TryParse(header, NumberStyles.None, CultureInfo.InvariantCulture, out var length) ? length
            : throw ServingException.Invalid(
                $"{InferResponseWriter.HeaderLength} is '{header}': give the length of the JSON part in bytes.");
    }
}
