using System.Text.Json;
using ServingStack.Serving.Repository;
using ServingStack.Serving.Requests;

namespace ServingStack.Server.Rest;

/// <summary>Writes the answer of an infer request: JSON, with the outputs that were asked for as binary data behind it.</summary>
internal static class InferResponseWriter
{
    public const string HeaderLength = "Inference-Header-Content-Length";

    // Output is read by programs: escaping beyond what JSON demands would only cost.
    private static readonly JsonWriterOptions Options = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    public static async Task WriteAsync(HttpResponse response, RestInference inference, ServedModel model, CancellationToken cancellation)
    {
        using var buffer = new PooledBuffer();
        WriteJson(buffer, inference, model);
        var jsonLength = buffer.Length;
        var anyBinary = false;
        foreach (var wanted in inference.Outputs)
        {
            if (!wanted.Binary) continue;
            anyBinary = true;
            Append(buffer, inference.Request.Outputs[wanted.Index].Bytes.Span);
        }
        response.ContentType = anyBinary ? "application/octet-stream" : "application/json";
        if (anyBinary) response.Headers[HeaderLength] = $"{jsonLength}";
        response.ContentLength = buffer.Length;
        await response.Body.WriteAsync(buffer.Written, cancellation).ConfigureAwait(false);
    }

    private static void WriteJson(PooledBuffer buffer, RestInference inference, ServedModel model)
    {
        using var writer = new Utf8JsonWriter(buffer, Options);
        writer.WriteStartObject();
        writer.WriteString("model_name", model.Name);
        writer.WriteString("model_version", $"{model.Version}");
        if (inference.Request.Id.Length > 0) writer.WriteString("id", inference.Request.Id);
        writer.WriteStartArray("outputs");
        foreach (var wanted in inference.Outputs) WriteOutput(writer, inference.Request.Outputs[wanted.Index], wanted.Binary);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteOutput(Utf8JsonWriter writer, RequestOutput output, bool binary)
    {
        writer.WriteStartObject();
        writer.WriteString("name", output.Spec.Name);
        writer.WriteString("datatype", Datatype.NameOf(output.Spec.ElementType));
        writer.WriteStartArray("shape");
        foreach (var extent in output.Shape) writer.WriteNumberValue(extent);
        writer.WriteEndArray();
        if (binary)
        {
            writer.WriteStartObject("parameters");
            writer.WriteNumber("binary_data_size", output.Bytes.Length);
            writer.WriteEndObject();
        }
        else
        {
            writer.WritePropertyName("data");
            JsonTensor.For(output.Spec.ElementType, output.Spec.Name).Write(writer, output.Bytes.Span);
        }
        writer.WriteEndObject();
    }

    private static void Append(PooledBuffer buffer, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(buffer.GetSpan(Math.Max(bytes.Length, 1)));
        buffer.Advance(bytes.Length);
    }
}
