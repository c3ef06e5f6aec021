using System.Text.Json;
using ServingStack.Serving.Errors;

namespace ServingStack.Server.Rest;

/// <summary>Small steps over a <see cref="Utf8JsonReader"/>, whose errors say which value is wrong and what was expected.</summary>
internal static class JsonRequest
{
    // Deep enough for any tensor; a request nested deeper is an attack on the parser, not a tensor.
    private const int MaxDepth = 32;

    public static Utf8JsonReader Open(ReadOnlySpan<byte> json) => new(json, new JsonReaderOptions { MaxDepth = MaxDepth });

    /// <summary>Moves to the value of the next property; false at the object's end.</summary>
    public static bool NextProperty(ref Utf8JsonReader reader, out string name)
    {
        name = "";
        reader.Read();
        if (reader.TokenType == JsonTokenType.EndObject) return false;
        name = reader.GetString() ?? "";
        reader.Read();
        return true;
    }

    /// <summary>Moves to the next element; false at the array's end.</summary>
    public static bool NextElement(ref Utf8JsonReader reader) => reader.Read() && reader.TokenType != JsonTokenType.EndArray;

    public static void Expect(ref Utf8JsonReader reader, JsonTokenType token, string fault)
    {
        if (reader.TokenType != token) throw ServingException.Invalid($"{fault}, it is {Shown(reader.TokenType)}.");
    }

    public static string String(ref Utf8JsonReader reader, string where)
    {
        Expect(ref reader, JsonTokenType.String, $"{where} is no string");
        return reader.GetString() ?? "";
    }

    public static bool Boolean(ref Utf8JsonReader reader, string where)
    {
        if (reader.TokenType is not (JsonTokenType.True or JsonTokenType.False))
            Expect(ref reader, JsonTokenType.True, $"{where} is neither true nor false");
        return reader.TokenType == JsonTokenType.True;
    }

    public static long Int64(ref Utf8JsonReader reader, string where)
    {
        Expect(ref reader, JsonTokenType.Number, $"{where} is no number");
        return reader.TryGetInt64(out var value) ? value : throw ServingException.Invalid($"{where} is no whole number that fits 64 bits.");
    }

    public static long[] Extents(ref Utf8JsonReader reader, string where)
    {
        Expect(ref reader, JsonTokenType.StartArray, $"{where} is no array of extents");
        var extents = new List<long>();
        while (NextElement(ref reader)) extents.Add(Int64(ref reader, $"{where}[{extents.Count}]"));
        return [.. extents];
    }

    /// <summary>An error that says where the text stops being JSON.</summary>
    public static ServingException Malformed(JsonException fault)
    {
        var place = $"line {fault.LineNumber + 1}, byte {fault.BytePositionInLine + 1}";
        var reason = fault.Message.Split(" LineNumber:")[0].Split(" Path:")[0];
        return ServingException.Invalid($"The request is no JSON at {place}: {reason} "
            + "(NaN and infinities are written as the strings \"NaN\", \"Infinity\" and \"-Infinity\", or sent as binary data.)");
    }

    private static string Shown(JsonTokenType token) => token switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        _ => token.ToString().ToLowerInvariant(),
    };
}
