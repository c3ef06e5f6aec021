using Google.Protobuf;
using ServingStack.Inference.Protocol;

namespace ServingStack.Client.Grpc;

/// <summary>The client's types as messages, and back.</summary>
internal static class GrpcMessages
{
    public static ModelInferRequest FromRequest(InferRequest request)
    {
        var message = new ModelInferRequest { ModelName = request.Model, ModelVersion = request.Version ?? "", Id = request.Id ?? "" };
        foreach (var input in request.Inputs)
        {
            var tensor = new ModelInferRequest.Types.InferInputTensor { Name = input.Name, Datatype = input.Datatype.Name };
            tensor.Shape.Add(input.Shape);
            message.Inputs.Add(tensor);
            // The tensor is immutable, so its bytes can be lent instead of copied.
            message.RawInputContents.Add(UnsafeByteOperations.UnsafeWrap(input.Bytes));
        }
        foreach (var name in request.Outputs) message.Outputs.Add(new ModelInferRequest.Types.InferRequestedOutputTensor { Name = name });
        return message;
    }

    public static InferResponse ToInferResponse(ModelInferResponse message)
    {
        var raw = message.RawOutputContents;
        if (raw.Count != 0 && raw.Count != message.Outputs.Count)
            throw new FormatException($"{raw.Count} raw contents for {message.Outputs.Count} outputs");
        var outputs = new InferTensor[message.Outputs.Count];
        for (var i = 0; i < outputs.Length; i++)
        {
            var output = message.Outputs[i];
            var bytes = raw.Count != 0 ? raw[i].Memory : TypedContents.ToBytes(output.Contents, TensorDatatype.Named(output.Datatype));
            outputs[i] = new InferTensor(output.Name, TensorDatatype.Named(output.Datatype), [.. output.Shape], bytes);
        }
        return new InferResponse(message.ModelName, message.ModelVersion, message.Id.Length == 0 ? null : message.Id, outputs);
    }

    public static ModelMetadata ToModelMetadata(ModelMetadataResponse message) =>
        new(message.Name, message.Versions, message.Platform, ToTensors(message.Inputs), ToTensors(message.Outputs), message.Properties);

    private static TensorMetadata[] ToTensors(IEnumerable<ModelMetadataResponse.Types.TensorMetadata> tensors) =>
        [.. tensors.Select(t => new TensorMetadata(t.Name, TensorDatatype.Named(t.Datatype), [.. t.Shape]))];
}
