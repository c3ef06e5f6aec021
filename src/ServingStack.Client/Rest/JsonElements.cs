using System.Collections.Frozen;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace ServingStack.Client.Rest;

/// <summary>Tensor elements as JSON values, both ways: one row of the table for each datatype that JSON can carry.</summary>
internal static class JsonElements
{
    private static readonly FrozenDictionary<string, Codec> Codecs = new Dictionary<string, Codec>
    {
        ["BOOL"] = Numbers<bool>((json, v) => json.WriteBooleanValue(v), e => e.GetBoolean()),
        ["UINT8"] = Numbers<byte>((json, v) => json.WriteNumberValue(v), e => e.GetByte()),
        ["UINT16"] = Numbers<ushort>((json, v) => json.WriteNumberValue(v), e => e.GetUInt16()),
        ["UINT32"] = Numbers<uint>((json, v) => json.WriteNumberValue(v), e => e.GetUInt32()),
        ["UINT64"] = Numbers<ulong>((json, v) => json.WriteNumberValue(v), e => e.GetUInt64()),
        ["INT8"] = Numbers<sbyte>((json, v) => json.WriteNumberValue(v), e => e.GetSByte()),
        ["INT16"] = Numbers<short>((json, v) => json.WriteNumberValue(v), e => e.GetInt16()),
        ["INT32"] = Numbers<int>((json, v) => json.WriteNumberValue(v), e => e.GetInt32()),
        ["INT64"] = Numbers<long>((json, v) => json.WriteNumberValue(v), e => e.GetInt64()),
        ["FP32"] = Numbers<float>((json, v) => json.WriteNumberValue(v), e => e.GetSingle()),
        ["FP64"] = Numbers<double>((json, v) => json.WriteNumberValue(v), e => e.GetDouble()),
        ["BYTES"] = new Codec(WriteTexts, ReadTexts),
    }.ToFrozenDictionary();

    private const string Remedy = $"use {nameof(TensorEncoding)}.{nameof(TensorEncoding.Binary)}";

    /// <summary>Writes the elements, row-major, as one flat array.</summary>
    public static void Write(Utf8JsonWriter json, InferTensor tensor)
    {
        var codec = Codecs.GetValueOrDefault(tensor.Datatype.Name)
            ?? throw new NotSupportedException($"Tensor '{tensor.Name}': JSON cannot carry {tensor.Datatype}; {Remedy}.");
        json.WriteStartArray();
        try
        {
            codec.Write(json, tensor);
        }
        catch (ArgumentException e)
        {
            throw new NotSupportedException($"Tensor '{tensor.Name}': JSON cannot carry NaN or infinity; {Remedy}.", e);
        }
        json.WriteEndArray();
    }

    /// <summary>Reads a flat or nested array of elements.</summary>
    public static InferTensor Read(string name, TensorDatatype datatype, long[] shape, JsonElement data)
    {
        var codec = Codecs.GetValueOrDefault(datatype.Name)
            ?? throw new FormatException($"tensor '{name}' is {datatype}, which JSON cannot carry");
        return codec.Read(name, datatype, shape, Flatten(data));
    }

    private static Codec Numbers<T>(Action<Utf8JsonWriter, T> write, Func<JsonElement, T> read) where T : unmanaged => new(
        (json, tensor) =>
        {
            foreach (var value in tensor.As<T>()) write(json, value);
        },
        (name, datatype, shape, elements) =>
        {
            T[] values = [.. elements.Select(read)];
            return new InferTensor(name, datatype, shape, MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
        });

    private static void WriteTexts(Utf8JsonWriter json, InferTensor tensor)
    {
        foreach (var text in tensor.AsStrings()) json.WriteStringValue(text);
    }

    private static InferTensor ReadTexts(string name, TensorDatatype datatype, long[] shape, IEnumerable<JsonElement> elements) =>
        InferTensor.FromStrings(name, [.. elements.Select(e => e.GetString() ?? "")], shape);

    private static IEnumerable<JsonElement> Flatten(JsonElement data) =>
        data.ValueKind == JsonValueKind.Array ? data.EnumerateArray().SelectMany(Flatten) : [data];

    private sealed record Codec(
        Action<Utf8JsonWriter, InferTensor> Write,
        Func<string, TensorDatatype, long[], IEnumerable<JsonElement>, InferTensor> Read);
}
