using System.Collections.Frozen;
using System.Net;
using System.Text.Json;

namespace ServingStack.Client.Rest;

/// <summary>Calls a server over REST.</summary>
public sealed class RestInferenceClient : IInferenceClient
{
    private static readonly FrozenDictionary<HttpStatusCode, InferenceFailure> Failures = new Dictionary<HttpStatusCode, InferenceFailure>
    {
        [HttpStatusCode.BadRequest] = InferenceFailure.InvalidArgument,
        [HttpStatusCode.UnsupportedMediaType] = InferenceFailure.InvalidArgument,
        [HttpStatusCode.NotFound] = InferenceFailure.NotFound,
        [HttpStatusCode.MethodNotAllowed] = InferenceFailure.Unimplemented,
        [HttpStatusCode.RequestEntityTooLarge] = InferenceFailure.ResourceExhausted,
        [HttpStatusCode.TooManyRequests] = InferenceFailure.ResourceExhausted,
        [HttpStatusCode.InternalServerError] = InferenceFailure.Internal,
        [HttpStatusCode.NotImplemented] = InferenceFailure.Unimplemented,
        [HttpStatusCode.ServiceUnavailable] = InferenceFailure.Unavailable,
        [HttpStatusCode.GatewayTimeout] = InferenceFailure.DeadlineExceeded,
    }.ToFrozenDictionary();

    private readonly HttpClient _http;
    private readonly TensorEncoding _encoding;

    /// <summary>Connects on the first call. A handler of the caller's own is not disposed of.</summary>
    public RestInferenceClient(Uri address, TensorEncoding encoding = TensorEncoding.Binary, HttpMessageHandler? handler = null)
    {
        ArgumentNullException.ThrowIfNull(address);
        _encoding = encoding;
        // A request carries its own timeout; connections are kept, and as many opened as there are requests under way.
        _http = handler is null
            ? new HttpClient(new SocketsHttpHandler { UseProxy = false })
            : new HttpClient(handler, disposeHandler: false);
        _http.BaseAddress = address.AbsoluteUri.EndsWith('/') ? address : new Uri(address.AbsoluteUri + "/");
        _http.Timeout = Timeout.InfiniteTimeSpan;
    }

    public Task<bool> IsLiveAsync(CancellationToken cancellation = default) => SucceedsAsync("v2/health/live", cancellation);

    public Task<bool> IsReadyAsync(CancellationToken cancellation = default) => SucceedsAsync("v2/health/ready", cancellation);

    public Task<bool> IsModelReadyAsync(string model, string? version = null, CancellationToken cancellation = default) =>
        SucceedsAsync(PathOf(model, version) + "/ready", cancellation);

    public Task<ServerMetadata> GetServerMetadataAsync(CancellationToken cancellation = default) =>
        GetAsync("v2", RestAnswer.ToServerMetadata, cancellation);

    public Task<ModelMetadata> GetModelMetadataAsync(string model, string? version = null, CancellationToken cancellation = default) =>
        GetAsync(PathOf(model, version), RestAnswer.ToModelMetadata, cancellation);

    public async Task<InferResponse> InferAsync(InferRequest request, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        using var deadline = new RequestDeadline(request.Timeout, cancellation);
        using var message = new HttpRequestMessage(HttpMethod.Post, PathOf(request.Model, request.Version) + "/infer");
        message.Content = RestRequestBody.Create(request, _encoding);
        try
        {
            using var answer = await SendAsync(message, deadline.Token).ConfigureAwait(false);
            var body = await SuccessfulBodyAsync(answer, deadline.Token).ConfigureAwait(false);
            return Read(body, bytes => RestAnswer.ToInferResponse(bytes, JsonLength(answer, bytes.Length)));
        }
        catch (OperationCanceledException e) when (deadline.Passed)
        {
            throw deadline.ToException(e);
        }
    }

    public void Dispose() => _http.Dispose();

    private static string PathOf(string model, string? version)
    {
        ArgumentException.ThrowIfNullOrEmpty(model);
        return $"v2/models/{Uri.EscapeDataString(model)}{(version is null ? "" : $"/versions/{Uri.EscapeDataString(version)}")}";
    }

    private async Task<bool> SucceedsAsync(string path, CancellationToken cancellation)
    {
        try
        {
            using var message = new HttpRequestMessage(HttpMethod.Get, path);
            using var answer = await SendAsync(message, cancellation).ConfigureAwait(false);
            return answer.IsSuccessStatusCode;
        }
        catch (InferenceException e) when (e.Failure == InferenceFailure.Unreachable)
        {
            return false;
        }
    }

    private async Task<T> GetAsync<T>(string path, Func<ReadOnlyMemory<byte>, T> read, CancellationToken cancellation)
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, path);
        using var answer = await SendAsync(message, cancellation).ConfigureAwait(false);
        return Read(await SuccessfulBodyAsync(answer, cancellation).ConfigureAwait(false), read);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage message, CancellationToken cancellation)
    {
        try
        {
            return await _http.SendAsync(message, cancellation).ConfigureAwait(false);
        }
        catch (HttpRequestException e)
        {
            throw new InferenceException(InferenceFailure.Unreachable, "no connection", $"{_http.BaseAddress}: {e.Message}", e);
        }
    }

    private static async Task<ReadOnlyMemory<byte>> SuccessfulBodyAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        ReadOnlyMemory<byte> body = await answer.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false);
        if (answer.IsSuccessStatusCode) return body;
        var failure = Failures.GetValueOrDefault(answer.StatusCode);
        throw new InferenceException(failure, $"HTTP {(int)answer.StatusCode}", RestAnswer.ToError(body))
        {
            RetryAfter = answer.Headers.RetryAfter?.Delta,
        };
    }

    private static int JsonLength(HttpResponseMessage answer, int bodyLength)
    {
        if (!TryGetHeader(answer, out var text)) return bodyLength;
        return int.TryParse(text, out var length) ? length : throw new FormatException($"{RestRequestBody.HeaderLength} is '{text}'");
    }

    private static bool TryGetHeader(HttpResponseMessage answer, out string text)
    {
        var found = answer.Headers.TryGetValues(RestRequestBody.HeaderLength, out var values)
            || answer.Content.Headers.TryGetValues(RestRequestBody.HeaderLength, out values);
        text = found ? values!.First() : "";
        return found;
    }

    private static T Read<T>(ReadOnlyMemory<byte> body, Func<ReadOnlyMemory<byte>, T> read)
    {
        try
        {
            return read(body);
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException
            or ArgumentException or OverflowException)
        {
            throw new InferenceException(InferenceFailure.MalformedAnswer, "malformed answer", e.Message, e);
        }
    }
}
