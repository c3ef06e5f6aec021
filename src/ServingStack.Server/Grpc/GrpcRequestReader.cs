using Google.Protobuf.Collections;
using ServingStack.Engine;
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
    private static readonly string[] Unsupported = ["shared_memory_region", "sequence_id"];

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

    /// <summary>The outputs asked for; all when none is named.</summary>
    public static IReadOnlyList<WantedOutput> WantedOutputs(ModelInferRequest message, ModelSignature signature)
    {
        if (message.Outputs.Count == 0) return [.. signature.Outputs.Select((_, i) => new WantedOutput(i, Binary: true))];
        var wanted = new List<WantedOutput>();
        foreach (var output in message.Outputs)
        {
            Refuse(output.Parameters);
            var index = signature.OutputIndex(output.Name);
            if (wanted.Exists(w => w.Index == index))
                throw ServingException.Invalid($"Output '{output.Name}' is asked for twice; name each output once.");
            wanted.Add(new(index, Binary: true, ClassesOf(output.Parameters, signature.Outputs[index])));
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

    private static int ClassesOf(MapField<string, InferParameter> parameters, TensorSpec output)
    {
        if (!parameters.TryGetValue("classification", out var classes)) return 0;
        var count = classes.ParameterChoiceCase == InferParameter.ParameterChoiceOneofCase.Int64Param ? classes.Int64Param
            : throw ServingException.Invalid($"Output '{output.Name}': classification is no whole number: give it as int64_param.");
        Classification.Check(output, count);
        return (int)count;
    }

    private static void Refuse(MapField<string, InferParameter> parameters)
    {
        foreach (var name in Unsupported)
            if (parameters.ContainsKey(name))
                throw new ServingException(
                    new(ServingErrorKind.Unsupported, $"This server does not offer the parameter {name}; leave it out."));
    }
}
