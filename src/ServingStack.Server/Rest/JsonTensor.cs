using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using ServingStack.Graphs;
using ServingStack.Serving.Errors;
using ServingStack.Serving.Requests;

namespace ServingStack.Server.Rest;

/// <summary>
/// How tensors of one element type are written in JSON. JSON has no NaN and no infinities: floating-point tensors take and give them as the
/// strings <c>"NaN"</c>, <c>"Infinity"</c> and <c>"-Infinity"</c>, as protobuf's JSON mapping does.
/// </summary>
internal abstract class JsonTensor
{
    private static readonly Dictionary<ElementType, JsonTensor> Rows = new()
    {
        [ElementType.Bool] = new JsonTensor<byte>(
            TryReadBool, (w, v) => w.WriteBooleanValue(v != 0), "true or false", JsonTokenType.True, JsonTokenType.False),
        [ElementType.UInt8] = Whole<byte>((ref r, out v) => r.TryGetByte(out v), (w, v) => w.WriteNumberValue(v), "0 to 255"),
        [ElementType.UInt16] = Whole<ushort>((ref r, out v) => r.TryGetUInt16(out v), (w, v) => w.WriteNumberValue(v), "0 to 65535"),
        [ElementType.UInt32] = Whole<uint>((ref r, out v) => r.TryGetUInt32(out v), (w, v) => w.WriteNumberValue(v), "0 to 2^32 - 1"),
        [ElementType.UInt64] = Whole<ulong>((ref r, out v) => r.TryGetUInt64(out v), (w, v) => w.WriteNumberValue(v), "0 to 2^64 - 1"),
        [ElementType.Int8] = Whole<sbyte>((ref r, out v) => r.TryGetSByte(out v), (w, v) => w.WriteNumberValue(v), "-128 to 127"),
        [ElementType.Int16] = Whole<short>((ref r, out v) => r.TryGetInt16(out v), (w, v) => w.WriteNumberValue(v), "-32768 to 32767"),
        [ElementType.Int32] = Whole<int>((ref r, out v) => r.TryGetInt32(out v), (w, v) => w.WriteNumberValue(v), "-2^31 to 2^31 - 1"),
        [ElementType.Int64] = Whole<long>((ref r, out v) => r.TryGetInt64(out v), (w, v) => w.WriteNumberValue(v), "-2^63 to 2^63 - 1"),
        [ElementType.Float32] = new JsonTensor<float>(
            TryReadSingle, WriteSingle, "numbers of single precision, \"NaN\", \"Infinity\" or \"-Infinity\"", JsonTokenType.String),
        [ElementType.Float64] = new JsonTensor<double>(
            TryReadDouble, WriteDouble, "numbers of double precision, \"NaN\", \"Infinity\" or \"-Infinity\"", JsonTokenType.String),
    };

    /// <summary>How the type is written; throws where JSON cannot carry it.</summary>
    public static JsonTensor For(ElementType type, string tensor) => Rows.TryGetValue(type, out var row) ? row
        : throw ServingException.Invalid(
            $"Tensor '{tensor}' is {Datatype.NameOf(type)}, which JSON cannot carry: send and ask for it as binary data.");

    /// <summary>
    /// Reads <c>data</c>, at whose first token the reader stands, into <paramref name="destination"/>. The elements come flat, or nested as
    /// the shape says.
    /// </summary>
    public abstract void Read(ref Utf8JsonReader reader, string tensor, ReadOnlySpan<long> shape, Span<byte> destination);

    /// <summary>Writes the elements as one flat array.</summary>
    public abstract void Write(Utf8JsonWriter writer, ReadOnlySpan<byte> source);

    private static JsonTensor<T> Whole<T>(ReadElement<T> read, Action<Utf8JsonWriter, T> write, string range) where T : unmanaged =>
        new(read, write, $"whole numbers from {range}");

    private static bool TryReadBool(ref Utf8JsonReader reader, out byte value)
    {
        value = reader.TokenType == JsonTokenType.True ? (byte)1 : (byte)0;
        return reader.TokenType is JsonTokenType.True or JsonTokenType.False
            || (reader.TokenType == JsonTokenType.Number && reader.TryGetByte(out value) && value <= 1);
    }

    private static bool TryReadSingle(ref Utf8JsonReader reader, out float value)
    {
        if (reader.TokenType == JsonTokenType.Number) return reader.TryGetSingle(out value) && float.IsFinite(value);
        var named = TryReadName(ref reader, out var wide);
        value = (float)wide;
        return named;
    }

    private static bool TryReadDouble(ref Utf8JsonReader reader, out double value) => reader.TokenType == JsonTokenType.Number
        ? reader.TryGetDouble(out value) && double.IsFinite(value)
        : TryReadName(ref reader, out value);

    private static bool TryReadName(ref Utf8JsonReader reader, out double value)
    {
        value = double.NaN;
        if (reader.TokenType != JsonTokenType.String) return false;
        if (reader.ValueTextEquals("NaN")) return true;
        value = reader.ValueTextEquals("Infinity") ? double.PositiveInfinity : double.NegativeInfinity;
        return double.IsPositiveInfinity(value) || reader.ValueTextEquals("-Infinity");
    }

    private static void WriteSingle(Utf8JsonWriter writer, float value)
    {
        if (float.IsFinite(value)) writer.WriteNumberValue(value);
        else writer.WriteStringValue(NameOf(value));
    }

    private static void WriteDouble(Utf8JsonWriter writer, double value)
    {
        if (double.IsFinite(value)) writer.WriteNumberValue(value);
        else writer.WriteStringValue(NameOf(value));
    }

    private static string NameOf(double value) => double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

/// <summary>Reads the element at which the reader stands; false when it is not one of the type.</summary>
internal delegate bool ReadElement<T>(ref Utf8JsonReader reader, out T value);

/// <summary>The JSON form of tensors whose elements are <typeparamref name="T"/> in memory.</summary>
/// <param name="expected">The allowed values, for an error message.</param>
/// <param name="tokens">The tokens that are read beside numbers.</param>
internal sealed class JsonTensor<T>(ReadElement<T> read, Action<Utf8JsonWriter, T> write, string expected, params JsonTokenType[] tokens)
    : JsonTensor
    where T : unmanaged
{
    public override void Read(ref Utf8JsonReader reader, string tensor, ReadOnlySpan<long> shape, Span<byte> destination)
    {
        var elements = MemoryMarshal.Cast<byte, T>(destination);
        var nesting = new JsonNesting(tensor, shape);
        var count = 0;
        do
        {
            if (reader.TokenType == JsonTokenType.StartArray) nesting.Open();
            else if (reader.TokenType == JsonTokenType.EndArray) nesting.Close();
            else
            {
                nesting.Element();
                if (count == elements.Length) throw nesting.WrongCount($"more than {elements.Length}");
                if (!IsScalar(reader.TokenType) || !read(ref reader, out elements[count])) throw Unreadable(ref reader, tensor, count);
                count++;
            }
        }
        while (nesting.IsOpen && reader.Read());
        if (count < elements.Length) throw nesting.WrongCount($"{count}");
    }

    public override void Write(Utf8JsonWriter writer, ReadOnlySpan<byte> source)
    {
        writer.WriteStartArray();
        foreach (var element in MemoryMarshal.Cast<byte, T>(source)) write(writer, element);
        writer.WriteEndArray();
    }

    // The number readers throw on other tokens instead of returning false.
    private bool IsScalar(JsonTokenType token) => token == JsonTokenType.Number || Array.IndexOf(tokens, token) >= 0;

    private ServingException Unreadable(ref Utf8JsonReader reader, string tensor, int index)
    {
        var text = Encoding.UTF8.GetString(reader.ValueSpan[..Math.Min(reader.ValueSpan.Length, 40)]);
        return ServingException.Invalid(
            $"Input '{tensor}': element {index} of data is {Shown(reader.TokenType, text)}, expected are {expected}.");
    }

    private static string Shown(JsonTokenType token, string text) => token switch
    {
        JsonTokenType.String => $"the string \"{text}\"",
        JsonTokenType.Number => text,
        JsonTokenType.StartObject => "an object",
        _ => token.ToString().ToLowerInvariant(),
    };
}
