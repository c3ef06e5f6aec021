using System.Text.Json;

namespace ServingStack.Client.Rest;

/// <summary>
/// Reads the protocol's JSON answers. Every method throws <see cref="FormatException"/> or <see cref="JsonException"/> on bad ones.
/// </summary>
internal static class RestAnswer
{
    public static ServerMetadata ToServerMetadata(ReadOnlyMemory<byte> body)
    {
        using var json = JsonDocument.Parse(body);
        var root = json.RootElement;
        return new ServerMetadata(Text(root, "name"), Text(root, "version"), Texts(root, "extensions"));
    }

    public static ModelMetadata ToModelMetadata(ReadOnlyMemory<byte> body)
    {
        using var json = JsonDocument.Parse(body);
        var root = json.RootElement;
        var properties = root.TryGetProperty("properties", out var given)
            ? given.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.ToString())
            : [];
        return new ModelMetadata(Text(root, "name"), Texts(root, "versions"), Text(root, "platform"),
            Tensors(root, "inputs"), Tensors(root, "outputs"), properties);
    }

    /// <summary>Reads an answer whose first <paramref name="jsonLength"/> bytes are JSON and whose rest are tensors.</summary>
    public static InferResponse ToInferResponse(ReadOnlyMemory<byte> body, int jsonLength)
    {
        if (jsonLength < 0 || jsonLength > body.Length)
            throw new FormatException($"{jsonLength} bytes of JSON announced in a body of {body.Length} bytes");
        using var json = JsonDocument.Parse(body[..jsonLength]);
        var root = json.RootElement;
        var tensors = body[jsonLength..];
        var outputs = new List<InferTensor>();
        foreach (var output in Required(root, "outputs").EnumerateArray()) outputs.Add(ToTensor(output, ref tensors));
        if (tensors.Length != 0) throw new FormatException($"{tensors.Length} bytes after the last output");
        var id = root.TryGetProperty("id", out var given) ? given.GetString() : null;
        return new InferResponse(Text(root, "model_name"), OptionalText(root, "model_version"), id, outputs);
    }

    /// <summary>The text of <c>{"error": "..."}</c>, or the beginning of whatever came instead.</summary>
    public static string ToError(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            var root = json.RootElement;
            if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("error", out var error)) return error.ToString();
        }
        catch (JsonException)
        {
            // Not the protocol's own error: a proxy's page, perhaps. What it says is still the best there is.
        }
        const int Enough = 300;
        var text = System.Text.Encoding.UTF8.GetString(body.Span[..Math.Min(body.Length, Enough)]);
        return text.Length == 0 ? "no explanation" : text;
    }

    private static InferTensor ToTensor(JsonElement output, ref ReadOnlyMemory<byte> tensors)
    {
        var name = Text(output, "name");
        var datatype = TensorDatatype.Named(Text(output, "datatype"));
        long[] shape = [.. Required(output, "shape").EnumerateArray().Select(e => e.GetInt64())];
        if (output.TryGetProperty("data", out var data)) return JsonElements.Read(name, datatype, shape, data);
        var size = Required(Required(output, "parameters"), "binary_data_size").GetInt32();
        if (size < 0 || size > tensors.Length)
            throw new FormatException($"output '{name}' announces {size} bytes, of which {tensors.Length} came");
        var tensor = new InferTensor(name, datatype, shape, tensors[..size]);
        tensors = tensors[size..];
        return tensor;
    }

    private static IReadOnlyList<TensorMetadata> Tensors(JsonElement root, string name) =>
        [.. Required(root, name).EnumerateArray().Select(tensor => new TensorMetadata(
            Text(tensor, "name"),
            TensorDatatype.Named(Text(tensor, "datatype")),
            [.. Required(tensor, "shape").EnumerateArray().Select(e => e.GetInt64())]))];

    private static IReadOnlyList<string> Texts(JsonElement root, string name) =>
        root.TryGetProperty(name, out var list) ? [.. list.EnumerateArray().Select(e => e.ToString())] : [];

    private static string Text(JsonElement root, string name) =>
        Required(root, name).GetString() ?? throw new FormatException($"'{name}' is null");

    private static string OptionalText(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";

    private static JsonElement Required(JsonElement root, string name) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out var value) ? value
            : throw new FormatException($"no '{name}'");
}
