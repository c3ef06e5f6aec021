namespace ServingStack.Client;

/// <summary>
/// A server of the Open Inference Protocol, version 2. Thread-safe; one client serves any number of requests at once. Nothing is retried:
/// every failure is an <see cref="InferenceException"/> at once, and the caller's own cancellation an
/// <see cref="OperationCanceledException"/>.
/// </summary>
public interface IInferenceClient : IDisposable
{
    /// <summary>Whether the server answers at all; false also when nobody listens.</summary>
    Task<bool> IsLiveAsync(CancellationToken cancellation = default);

    /// <summary>Whether the server takes requests; false also when nobody listens.</summary>
    Task<bool> IsReadyAsync(CancellationToken cancellation = default);

    /// <summary>Whether a model, or one version of it, takes requests; false when the server has none of that name.</summary>
    Task<bool> IsModelReadyAsync(string model, string? version = null, CancellationToken cancellation = default);

    Task<ServerMetadata> GetServerMetadataAsync(CancellationToken cancellation = default);

    Task<ModelMetadata> GetModelMetadataAsync(string model, string? version = null, CancellationToken cancellation = default);

    Task<InferResponse> InferAsync(InferRequest request, CancellationToken cancellation = default);
}
