using System.Text.Json;

namespace ServingStack.Client.Rest;

/// <summary>A request that is kept as the JSON which one would post with <c>curl</c>.</summary>
public static class RestRequestFile
{
    /// <summary>
    /// Reads inputs, wanted outputs and id; throws <see cref="FormatException"/>, naming what is wrong, on anything that is no request.
    /// </summary>
    public static InferRequest Read(ReadOnlyMemory<byte> json, string model, string? version = null)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            return new InferRequest
            {
                Model = model,
                Version = version,
                Id = root.TryGetProperty("id", out var id) ? id.GetString() : null,
                Inputs = [.. root.GetProperty("inputs").EnumerateArray().Select(ReadInput)],
                Outputs = root.TryGetProperty("outputs", out var outputs) ? [.. outputs.EnumerateArray().Select(o => Text(o, "name"))] : [],
            };
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException
            or KeyNotFoundException or ArgumentException or OverflowException)
        {
            const string Expected = """{"inputs": [{"name": ..., "shape": [...], "datatype": ..., "data": [...]}]}""";
            throw new FormatException($"It is no inference request: {e.Message} Expected {Expected}.", e);
        }
    }

    private static InferTensor ReadInput(JsonElement input)
    {
        long[] shape = [.. input.GetProperty("shape").EnumerateArray().Select(e => e.GetInt64())];
        return JsonElements.Read(Text(input, "name"), TensorDatatype.Named(Text(input, "datatype")), shape, input.GetProperty("data"));
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString() ?? "";
}
