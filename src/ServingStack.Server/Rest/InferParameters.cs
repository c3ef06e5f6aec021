using System.Text.Json;
using ServingStack.Serving.Errors;

namespace ServingStack.Server.Rest;

/// <summary>
/// The <c>parameters</c> object of a request, an input or an output. Unknown names are ignored, as the protocol wants it.
/// </summary>
internal sealed record InferParameters
{
    // Each of these would change the answer; ignoring it would be a wrong answer.
    private static readonly string[] Unsupported = ["shared_memory_region", "sequence_id"];

    /// <summary><c>timeout</c>, in microseconds; 0 means none.</summary>
    public TimeSpan? Timeout { get; private set; }

    /// <summary><c>binary_data_size</c> of an input.</summary>
    public int? BinaryDataSize { get; private set; }

    /// <summary><c>binary_data</c> of an output.</summary>
    public bool? BinaryData { get; private set; }

    /// <summary><c>classification</c> of an output: how many of the largest classes go back in place of the numbers.</summary>
    public long? Classes { get; private set; }

    /// <summary><c>binary_data_output</c> of a request: what holds for outputs that say nothing themselves.</summary>
    public bool BinaryDataOutput { get; private set; }

    /// <summary>Reads the object at whose first token the reader stands.</summary>
    public static InferParameters Read(ref Utf8JsonReader reader, string where)
    {
        var parameters = new InferParameters();
        JsonRequest.Expect(ref reader, JsonTokenType.StartObject, $"{where} is no object");
        while (JsonRequest.NextProperty(ref reader, out var name)) parameters.Set(ref reader, name, $"{where}.{name}");
        return parameters;
    }

    /// <summary>A time in microseconds as a span; null for 0, which means no limit.</summary>
    public static TimeSpan? Microseconds(long value, string where) => value switch
    {
        < 0 => throw ServingException.Invalid($"{where} is {value}: give microseconds, or 0 for no limit."),
        0 => null,
        // Beyond a year it is no limit either, and the arithmetic stays far from overflow.
        _ => value > 31_536_000_000_000 ? null : TimeSpan.FromMicroseconds(value),
    };

    private void Set(ref Utf8JsonReader reader, string name, string where)
    {
        switch (name)
        {
            case "timeout": Timeout = Microseconds(JsonRequest.Int64(ref reader, where), where); break;
            case "binary_data_size": BinaryDataSize = Size(ref reader, where); break;
            case "binary_data": BinaryData = JsonRequest.Boolean(ref reader, where); break;
            case "classification": Classes = JsonRequest.Int64(ref reader, where); break;
            case "binary_data_output": BinaryDataOutput = JsonRequest.Boolean(ref reader, where); break;
            default: Skip(ref reader, name, where); break;
        }
    }

    private static int Size(ref Utf8JsonReader reader, string where)
    {
        var size = JsonRequest.Int64(ref reader, where);
        return size is >= 0 and <= int.MaxValue ? (int)size
            : throw ServingException.Invalid($"{where} is {size}: give the number of bytes.");
    }

    private static void Skip(ref Utf8JsonReader reader, string name, string where)
    {
        if (Unsupported.Contains(name))
            throw new ServingException(new(ServingErrorKind.Unsupported, $"{where}: this server does not offer {name}; leave it out."));
        reader.Skip();
    }
}
