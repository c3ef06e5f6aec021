using Google.Protobuf.Collections;
using ServingStack.Inference.Protocol;
using ServingStack.Server.Rest;
using ServingStack.Serving.Errors;
using ServingStack.Serving.Requests;

namespace ServingStack.Server.Grpc;

/// <summary>
/// Reads a <see cref="ModelInferRequest"/>: tensors as raw bytes, used where they stand, or as typed contents; never both.
/// </summary>
internal static class GrpcRequestReader
{
    // Each of these would change the answer; ignoring it would be a wrong answer.
    private static readonly string[] Unsupported = ["shared_memory_region", "sequence_id", "classification"];

    public static InferenceRequest Read(ModelInferRequest message, ModelSignature signature)
    {
        var request = new InferenceRequest(signature) { Id = message.Id, Timeout = TimeoutOf(message.Parameters) };
        var raw = message.RawInputContents;
        if (raw.Count > 0 && raw.Count != message.Inputs.Count)
            throw ServingException.Invalid(
                $"raw_input_contents has {raw.Count} entries for {message.Inputs.Count} inputs; give one for each, in their order.");
        for (var i = 0; i < message.Inputs.Count; i++)
            ReadInput(request, message.Inputs[i], raw.Count > 0 ? raw[i].Memory : default(ReadOnlyMemory<byte>?));
        request.Seal();
        return request;
    }

    /// <summary>The outputs asked for, by place; all when none is named.</summary>
    public static IReadOnlyList<int> WantedOutputs(ModelInferRequest message, ModelSignature signature)
    {
        if (message.Outputs.Count == 0) return [.. Enumerable.Range(0, signature.Outputs.Count)];
        var wanted = new List<int>();
        foreach (var output in message.Outputs)
        {
            Refuse(output.Parameters);
            var index = signature.OutputIndex(output.Name);
            if (wanted.Contains(index))
                throw ServingException.Invalid($"Output '{output.Name}' is asked for twice; name each output once.");
            wanted.Add(index);
        }
        return wanted;
    }

    private static void ReadInput(InferenceRequest request, ModelInferRequest.Types.InferInputTensor input, ReadOnlyMemory<byte>? raw)
    {
        Refuse(input.Parameters);
        var index = request.Signature.InputIndex(input.Name);
        if (!Datatype.TryParse(input.Datatype, out var type))
            throw ServingException.Invalid(
                $"Input '{input.Name}' has the unknown datatype '{input.Datatype}'; known are {Datatype.Names}.");
        var shape = input.Shape.ToArray();
        request.Signature.CheckInput(index, type, shape);
        if (raw is not null && input.Contents is not null)
            throw ServingException.Invalid(
                $"Input '{input.Name}' has typed contents although raw_input_contents is given; use one of the two.");
        request.SetInput(index, shape, raw ?? TypedContents.For(type, input.Name)
            .Read(input.Contents ?? new(), input.Name, ModelSignature.ElementCount(input.Name, shape)));
    }

    private static TimeSpan? TimeoutOf(MapField<string, InferParameter> parameters)
    {
        Refuse(parameters);
        if (!parameters.TryGetValue("timeout", out var timeout)) return null;
        return timeout.ParameterChoiceCase switch
        {
            InferParameter.ParameterChoiceOneofCase.Int64Param => InferParameters.Microseconds(timeout.Int64Param, "parameters.timeout"),
            InferParameter.ParameterChoiceOneofCase.Uint64Param =>
                InferParameters.Microseconds((long)Math.Min(timeout.Uint64Param, long.MaxValue), "parameters.timeout"),
            _ => throw ServingException.Invalid("parameters.timeout is no whole number: give microseconds as int64_param."),
        };
    }

    private static void Refuse(MapField<string, InferParameter> parameters)
    {
        foreach (var name in Unsupported)
            if (parameters.ContainsKey(name))
                throw new ServingException(
                    new(ServingErrorKind.Unsupported, $"This server does not offer the parameter {name}; leave it out."));
    }
}
