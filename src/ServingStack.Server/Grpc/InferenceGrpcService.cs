using Google.Protobuf;
using Grpc.Core;
using ServingStack.Engine;
using ServingStack.Inference.Protocol;
using ServingStack.Server.Hosting;
using ServingStack.Server.Rest;
using ServingStack.Serving.Errors;
using ServingStack.Serving.Repository;
using ServingStack.Serving.Requests;
using ServingStack.Serving.Telemetry;

namespace ServingStack.Server.Grpc;

/// <summary>
/// The Open Inference Protocol over gRPC. Errors leave as <see cref="ServingException"/>; <see cref="GrpcErrors"/> gives them statuses.
/// </summary>
internal sealed class InferenceGrpcService(ModelRepository repository, ServingMetrics metrics, TimeProvider time)
    : GRPCInferenceService.GRPCInferenceServiceBase
{
    public override Task<ServerLiveResponse> ServerLive(ServerLiveRequest request, ServerCallContext context) =>
        Task.FromResult(new ServerLiveResponse { Live = true });

    public override Task<ServerReadyResponse> ServerReady(ServerReadyRequest request, ServerCallContext context) =>
        Task.FromResult(new ServerReadyResponse { Ready = repository.IsReady });

    public override Task<ModelReadyResponse> ModelReady(ModelReadyRequest request, ServerCallContext context)
    {
        using var lease = repository.Acquire(request.Name, request.Version, out var error);
        if (error?.Kind == ServingErrorKind.NotFound) throw new ServingException(error);
        return Task.FromResult(new ModelReadyResponse { Ready = lease is not null });
    }

    public override Task<ServerMetadataResponse> ServerMetadata(ServerMetadataRequest request, ServerCallContext context) =>
        Task.FromResult(
            new ServerMetadataResponse { Name = ServerInfo.Name, Version = ServerInfo.Version, Extensions = { ServerInfo.Extensions } });

    public override Task<ModelMetadataResponse> ModelMetadata(ModelMetadataRequest request, ServerCallContext context)
    {
        using var lease = repository.Acquire(request.Name, request.Version, out var error) ?? throw new ServingException(error!);
        var model = lease.Model;
        var response = new ModelMetadataResponse { Name = model.Name, Platform = model.Platform };
        response.Versions.AddRange(repository.ReadyVersions(model.Name).Select(v => $"{v}"));
        response.Inputs.AddRange(model.Signature.Inputs.Select(Describe));
        response.Outputs.AddRange(model.Signature.Outputs.Select(Describe));
        response.Properties.Add(model.Metadata.ToDictionary());
        return Task.FromResult(response);
    }

    public override async Task<ModelInferResponse> ModelInfer(ModelInferRequest request, ServerCallContext context)
    {
        if (repository.Acquire(request.ModelName, request.ModelVersion, out var missing) is not { } lease)
        {
            metrics.CountRefused(missing!);
            throw new ServingException(missing!);
        }
        using (lease)
        {
            var (inference, wanted) = Read(request, context, lease.Model);
            using (inference)
            {
                var error = await lease.Model.RunAsync(inference).ConfigureAwait(false);
                return error is null ? Answer(request, inference, wanted, lease.Model) : throw new ServingException(error);
            }
        }
    }

    private (InferenceRequest Request, IReadOnlyList<WantedOutput> Wanted) Read(
        ModelInferRequest message, ServerCallContext context, ServedModel model)
    {
        try
        {
            var request = GrpcRequestReader.Read(message, model.Signature);
            request.Cancellation = context.CancellationToken;
            request.Timeout = Shorter(request.Timeout, context.Deadline);
            return (request, GrpcRequestReader.WantedOutputs(message, model.Signature));
        }
        catch (ServingException e)
        {
            model.CountRefused(e.Error);
            throw;
        }
    }

    /// <summary>The shorter of the request's own limit and what is left until the call's deadline.</summary>
    private TimeSpan? Shorter(TimeSpan? timeout, DateTime deadline)
    {
        if (deadline == DateTime.MaxValue) return timeout;
        var left = deadline - time.GetUtcNow().UtcDateTime;
        if (left < TimeSpan.Zero) left = TimeSpan.Zero;
        return timeout < left ? timeout : left;
    }

    /// <summary>Outputs go back in the form in which the inputs came; what has no typed form makes all of them raw.</summary>
    private static ModelInferResponse Answer(
        ModelInferRequest message, InferenceRequest request, IReadOnlyList<WantedOutput> wanted, ServedModel model)
    {
        var response = new ModelInferResponse { ModelName = model.Name, ModelVersion = $"{model.Version}", Id = request.Id };
        var raw = message.RawInputContents.Count > 0
            || wanted.Any(w => TypedContents.Find(request.Outputs[w.Index].Spec.ElementType) is null);
        foreach (var (index, _, classes) in wanted)
        {
            var output = request.Outputs[index];
            if (classes > 0)
            {
                AddClasses(response, output.Spec.Name, Classification.Of(output, classes, model.Metadata), raw);
                continue;
            }
            var datatype = Datatype.NameOf(output.Spec.ElementType);
            var tensor = new ModelInferResponse.Types.InferOutputTensor { Name = output.Spec.Name, Datatype = datatype };
            tensor.Shape.AddRange(output.Shape);
            // Copied: the message is sent after the request's memory has gone back to its pool.
            if (raw) response.RawOutputContents.Add(ByteString.CopyFrom(output.Bytes.Span));
            else tensor.Contents = TypedContents.For(output.Spec.ElementType, output.Spec.Name).Write(output.Bytes.Span);
            response.Outputs.Add(tensor);
        }
        return response;
    }

    private static void AddClasses(ModelInferResponse response, string name, Classification classes, bool raw)
    {
        var tensor = new ModelInferResponse.Types.InferOutputTensor { Name = name, Datatype = Classification.Datatype, Shape = { classes.Shape } };
        if (raw) response.RawOutputContents.Add(ByteString.CopyFrom(classes.ToBytes()));
        else tensor.Contents = new() { BytesContents = { classes.Texts.Select(ByteString.CopyFromUtf8) } };
        response.Outputs.Add(tensor);
    }

    private static ModelMetadataResponse.Types.TensorMetadata Describe(TensorSpec spec) =>
        new() { Name = spec.Name, Datatype = Datatype.NameOf(spec.ElementType), Shape = { TensorFormat.Extents(spec) } };
}
