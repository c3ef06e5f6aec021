using System.Collections.Frozen;
using Grpc.Core;
using Grpc.Net.Client;
using ServingStack.Inference.Protocol;

namespace ServingStack.Client.Grpc;

/// <summary>Calls a server over gRPC; tensors travel as raw bytes.</summary>
public sealed class GrpcInferenceClient : IInferenceClient
{
    private static readonly FrozenDictionary<StatusCode, (InferenceFailure Failure, string Name)> Failures =
        new Dictionary<StatusCode, (InferenceFailure, string)>
        {
            [StatusCode.InvalidArgument] = (InferenceFailure.InvalidArgument, "INVALID_ARGUMENT"),
            [StatusCode.NotFound] = (InferenceFailure.NotFound, "NOT_FOUND"),
            [StatusCode.ResourceExhausted] = (InferenceFailure.ResourceExhausted, "RESOURCE_EXHAUSTED"),
            [StatusCode.DeadlineExceeded] = (InferenceFailure.DeadlineExceeded, "DEADLINE_EXCEEDED"),
            [StatusCode.Unavailable] = (InferenceFailure.Unavailable, "UNAVAILABLE"),
            [StatusCode.Unimplemented] = (InferenceFailure.Unimplemented, "UNIMPLEMENTED"),
            [StatusCode.Internal] = (InferenceFailure.Internal, "INTERNAL"),
        }.ToFrozenDictionary();

    private readonly GrpcChannel _channel;
    private readonly GRPCInferenceService.GRPCInferenceServiceClient _service;

    /// <summary>Connects on the first call. A handler of the caller's own is not disposed of.</summary>
    public GrpcInferenceClient(Uri address, HttpMessageHandler? handler = null)
    {
        ArgumentNullException.ThrowIfNull(address);
        _channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            // One connection carries about a hundred requests at once; more load opens more of them.
            HttpHandler = handler ?? new SocketsHttpHandler { EnableMultipleHttp2Connections = true, UseProxy = false },
            DisposeHttpClient = handler is null,
            // A server's answer is as large as the model says; the limit that guards memory is the server's, on requests.
            MaxReceiveMessageSize = null,
            MaxSendMessageSize = null,
        });
        _service = new GRPCInferenceService.GRPCInferenceServiceClient(_channel);
    }

    public Task<bool> IsLiveAsync(CancellationToken cancellation = default) =>
        HoldsAsync(async () =>
        {
            var answer = await _service.ServerLiveAsync(new(), cancellationToken: cancellation).ConfigureAwait(false);
            return answer.Live;
        }, cancellation);

    public Task<bool> IsReadyAsync(CancellationToken cancellation = default) =>
        HoldsAsync(async () =>
        {
            var answer = await _service.ServerReadyAsync(new(), cancellationToken: cancellation).ConfigureAwait(false);
            return answer.Ready;
        }, cancellation);

    public Task<bool> IsModelReadyAsync(string model, string? version = null, CancellationToken cancellation = default) =>
        HoldsAsync(async () =>
        {
            var request = new ModelReadyRequest { Name = model, Version = version ?? "" };
            var answer = await _service.ModelReadyAsync(request, cancellationToken: cancellation).ConfigureAwait(false);
            return answer.Ready;
        }, cancellation);

    public Task<ServerMetadata> GetServerMetadataAsync(CancellationToken cancellation = default) =>
        CallAsync(async () =>
        {
            var answer = await _service.ServerMetadataAsync(new(), cancellationToken: cancellation).ConfigureAwait(false);
            return new ServerMetadata(answer.Name, answer.Version, answer.Extensions);
        }, cancellation);

    public Task<ModelMetadata> GetModelMetadataAsync(string model, string? version = null, CancellationToken cancellation = default) =>
        CallAsync(async () =>
        {
            var request = new ModelMetadataRequest { Name = model, Version = version ?? "" };
            var answer = await _service.ModelMetadataAsync(request, cancellationToken: cancellation).ConfigureAwait(false);
            return GrpcMessages.ToModelMetadata(answer);
        }, cancellation);

    public async Task<InferResponse> InferAsync(InferRequest request, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Timeout <= TimeSpan.Zero)
            throw new ArgumentOutOfRangeException(nameof(request), request.Timeout, "A timeout must be longer than nothing.");
        var message = GrpcMessages.FromRequest(request);
        DateTime? deadline = request.Timeout is { } timeout ? DateTime.UtcNow + timeout : null;
        return await CallAsync(async () =>
        {
            var answer = await _service.ModelInferAsync(message, null, deadline, cancellation).ConfigureAwait(false);
            return GrpcMessages.ToInferResponse(answer);
        }, cancellation).ConfigureAwait(false);
    }

    public void Dispose() => _channel.Dispose();

    private static async Task<bool> HoldsAsync(Func<Task<bool>> call, CancellationToken cancellation)
    {
        try
        {
            return await CallAsync(call, cancellation).ConfigureAwait(false);
        }
        catch (InferenceException e) when (e.Failure
            is InferenceFailure.Unreachable or InferenceFailure.NotFound or InferenceFailure.Unavailable)
        {
            return false;
        }
    }

    private static async Task<T> CallAsync<T>(Func<Task<T>> call, CancellationToken cancellation)
    {
        try
        {
            return await call().ConfigureAwait(false);
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.Cancelled && cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException(e.Status.Detail, e, cancellation);
        }
        catch (RpcException e)
        {
            throw ToException(e);
        }
        catch (Exception e) when (e is FormatException or ArgumentException or OverflowException)
        {
            throw new InferenceException(InferenceFailure.MalformedAnswer, "malformed answer", e.Message, e);
        }
    }

    private static InferenceException ToException(RpcException e)
    {
        if (e.Status.DebugException is HttpRequestException cause)
            return new InferenceException(InferenceFailure.Unreachable, "no connection", cause.Message, e);
        var (failure, name) = Failures.GetValueOrDefault(e.StatusCode, (InferenceFailure.Unknown, e.StatusCode.ToString()));
        return new InferenceException(failure, $"gRPC {name}", e.Status.Detail, e) { RetryAfter = RetryAfter(e.Trailers) };
    }

    private static TimeSpan? RetryAfter(Metadata trailers) =>
        double.TryParse(trailers.GetValue("retry-after"), out var seconds) ? TimeSpan.FromSeconds(seconds) : null;
}
