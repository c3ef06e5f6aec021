using System.Buffers;
using System.Net.Http.Headers;
using System.Text.Json;

namespace ServingStack.Client.Rest;

/// <summary>An inference request as the body of a POST.</summary>
internal static class RestRequestBody
{
    /// <summary>The header that says how many bytes of the body are JSON when tensors follow them.</summary>
    public const string HeaderLength = "Inference-Header-Content-Length";

    public static HttpContent Create(InferRequest request, TensorEncoding encoding)
    {
        var json = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(json)) Write(writer, request, encoding);
        return encoding == TensorEncoding.Json ? JsonBody(json) : BinaryBody(json, request.Inputs);
    }

    private static ReadOnlyMemoryContent JsonBody(ArrayBufferWriter<byte> json)
    {
        var content = new ReadOnlyMemoryContent(json.WrittenMemory);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return content;
    }

    private static ReadOnlyMemoryContent BinaryBody(ArrayBufferWriter<byte> json, IReadOnlyList<InferTensor> inputs)
    {
        var jsonLength = json.WrittenCount;
        foreach (var input in inputs) json.Write(input.Bytes.Span);
        var content = new ReadOnlyMemoryContent(json.WrittenMemory);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        content.Headers.TryAddWithoutValidation(HeaderLength, jsonLength.ToString());
        return content;
    }

    private static void Write(Utf8JsonWriter json, InferRequest request, TensorEncoding encoding)
    {
        json.WriteStartObject();
        if (request.Id is not null) json.WriteString("id", request.Id);
        WriteParameters(json, request, encoding);
        json.WriteStartArray("inputs");
        foreach (var input in request.Inputs) WriteInput(json, input, encoding);
        json.WriteEndArray();
        WriteOutputs(json, request.Outputs);
        json.WriteEndObject();
    }

    private static void WriteParameters(Utf8JsonWriter json, InferRequest request, TensorEncoding encoding)
    {
        if (request.Timeout is null && encoding == TensorEncoding.Json) return;
        json.WriteStartObject("parameters");
        // The protocol counts a request's timeout in microseconds.
        if (request.Timeout is { } timeout) json.WriteNumber("timeout", (long)timeout.TotalMicroseconds);
        if (encoding == TensorEncoding.Binary) json.WriteBoolean("binary_data_output", true);
        json.WriteEndObject();
    }

    private static void WriteInput(Utf8JsonWriter json, InferTensor input, TensorEncoding encoding)
    {
        json.WriteStartObject();
        json.WriteString("name", input.Name);
        json.WriteStartArray("shape");
        foreach (var extent in input.Shape) json.WriteNumberValue(extent);
        json.WriteEndArray();
        json.WriteString("datatype", input.Datatype.Name);
        if (encoding == TensorEncoding.Binary)
        {
            json.WriteStartObject("parameters");
            json.WriteNumber("binary_data_size", input.Bytes.Length);
            json.WriteEndObject();
        }
        else
        {
            json.WritePropertyName("data");
            JsonElements.Write(json, input);
        }
        json.WriteEndObject();
    }

    private static void WriteOutputs(Utf8JsonWriter json, IReadOnlyList<string> names)
    {
        if (names.Count == 0) return;
        json.WriteStartArray("outputs");
        foreach (var name in names)
        {
            json.WriteStartObject();
            json.WriteString("name", name);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
