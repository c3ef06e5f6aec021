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
        var classified = inference.Outputs.ConvertAll(wanted => wanted.Classes == 0 ? null
            : Classification.Of(inference.Request.Outputs[wanted.Index], wanted.Classes, model.Metadata));
        WriteJson(buffer, inference, model, classified);
        var jsonLength = buffer.Length;
        var anyBinary = false;
        for (var i = 0; i < inference.Outputs.Count; i++)
        {
            var wanted = inference.Outputs[i];
            if (!wanted.Binary) continue;
            anyBinary = true;
            Append(buffer, classified[i] is { } classes ? classes.ToBytes() : inference.Request.Outputs[wanted.Index].Bytes.Span);
        }
        response.ContentType = anyBinary ? "application/octet-stream" : "application/json";
        if (anyBinary) response.Headers[HeaderLength] = $"{jsonLength}";
        response.ContentLength = buffer.Length;
        await response.Body.WriteAsync(buffer.Written, cancellation).ConfigureAwait(false);
    }

    private static void WriteJson(PooledBuffer buffer, RestInference inference, ServedModel model, List<Classification?> classified)
    {
        using var writer = new Utf8JsonWriter(buffer, Options);
        writer.WriteStartObject();
        writer.WriteString("model_name", model.Name);
        writer.WriteString("model_version", $"{model.Version}");
        if (inference.Request.Id.Length > 0) writer.WriteString("id", inference.Request.Id);
        writer.WriteStartArray("outputs");
        for (var i = 0; i < inference.Outputs.Count; i++)
        {
            var (output, binary) = (inference.Request.Outputs[inference.Outputs[i].Index], inference.Outputs[i].Binary);
            if (classified[i] is { } classes) WriteClasses(writer, output, classes, binary);
            else WriteOutput(writer, output, binary);
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteOutput(Utf8JsonWriter writer, RequestOutput output, bool binary)
    {
        WriteHead(writer, output.Spec.Name, Datatype.NameOf(output.Spec.ElementType), output.Shape);
        if (binary) WriteBinarySize(writer, output.Bytes.Length);
        else
        {
            writer.WritePropertyName("data");
            JsonTensor.For(output.Spec.ElementType, output.Spec.Name).Write(writer, output.Bytes.Span);
        }
        writer.WriteEndObject();
    }

    private static void WriteClasses(Utf8JsonWriter writer, RequestOutput output, Classification classes, bool binary)
    {
        WriteHead(writer, output.Spec.Name, Classification.Datatype, classes.Shape);
        if (binary) WriteBinarySize(writer, classes.ToBytes().Length);
        else
        {
            writer.WriteStartArray("data");
            foreach (var text in classes.Texts) writer.WriteStringValue(text);
            writer.WriteEndArray();
        }
        writer.WriteEndObject();
    }

    private static void WriteHead(Utf8JsonWriter writer, string name, string datatype, IReadOnlyList<long> shape)
    {
        writer.WriteStartObject();
        writer.WriteString("name", name);
        writer.WriteString("datatype", datatype);
        writer.WriteStartArray("shape");
        for (var i = 0; i < shape.Count; i++) writer.WriteNumberValue(shape[i]);
        writer.WriteEndArray();
    }

    private static void WriteBinarySize(Utf8JsonWriter writer, int bytes)
    {
        writer.WriteStartObject("parameters");
        writer.WriteNumber("binary_data_size", bytes);
        writer.WriteEndObject();
    }

    private static void Append(PooledBuffer buffer, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(buffer.GetSpan(Math.Max(bytes.Length, 1)));
        buffer.Advance(bytes.Length);
    }
}
