using System.Text.Json;
using System.Text.Json.Serialization;

namespace ServingStack.Serving.Repository;

/// <summary>
/// How one model is served: the contents of its optional <c>model.json</c>, keys in snake_case. Everything about the model itself
/// (tensors, datatypes, whether it batches) comes from the ONNX file.
/// </summary>
public sealed record ModelSettings
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        RespectNullableAnnotations = true,
    };

    /// <summary>Rows of the largest batch. 16: beyond it the sample models gain little per row, and each row waits longer.</summary>
    public int MaxBatchSize { get; init; } = 16;

    /// <summary>
    /// How long a request may wait for company although an instance is free. 0: batches form by themselves while instances are busy.
    /// </summary>
    public long MaxQueueDelayMicroseconds { get; init; }

    /// <summary>Batches that run side by side, each on threads of its own; 0 for as many as the process has cores.</summary>
    public int Instances { get; init; }

    /// <summary>Threads that one batch is split across. 1: side by side serves more than splitting does.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>
    /// Requests that may wait; the next one is refused. A small model is asked thousands of times a second: its queue must outlast a tenth of
    /// a second in which the process gets no core.
    /// </summary>
    public int QueueLimit { get; init; } = 2048;

    /// <summary>How long a request may take when it names no time of its own, and at most; 0 for no limit.</summary>
    public long DefaultTimeoutMicroseconds { get; init; }

    public VersionPolicy VersionPolicy { get; init; } = VersionPolicy.Latest(1);

    /// <summary>Runs the model on ONNX Runtime as a whole, for comparisons.</summary>
    public bool ForceOnnxRuntime { get; init; }

    /// <summary>Reads a <c>model.json</c>; the exception names the file, the key and what is allowed.</summary>
    public static ModelSettings Parse(ReadOnlySpan<byte> json, string file)
    {
        var settings = Deserialize(json, file);
        var faults = settings.Faults().ToArray();
        return faults.Length == 0 ? settings : throw new FormatException($"{file}: {string.Join(" ", faults)}");
    }

    private static ModelSettings Deserialize(ReadOnlySpan<byte> json, string file)
    {
        try
        {
            return JsonSerializer.Deserialize<ModelSettings>(json, Json) ?? throw new JsonException("The file holds null, not an object.");
        }
        catch (JsonException e)
        {
            throw new FormatException($"{file}: {e.Message} Known keys: {string.Join(", ", Keys)}.", e);
        }
    }

    private static IEnumerable<string> Keys =>
        typeof(ModelSettings).GetProperties().Where(p => p.GetMethod is { IsStatic: false })
            .Select(p => JsonNamingPolicy.SnakeCaseLower.ConvertName(p.Name)).Order();

    private IEnumerable<string> Faults() => new[]
    {
        OutOfRange("max_batch_size", MaxBatchSize, 1, 4096),
        OutOfRange("max_queue_delay_microseconds", MaxQueueDelayMicroseconds, 0, 10_000_000),
        OutOfRange("instances", Instances, 0, 1024),
        OutOfRange("threads", Threads, 0, 1024),
        OutOfRange("queue_limit", QueueLimit, 1, 1_000_000),
        OutOfRange("default_timeout_microseconds", DefaultTimeoutMicroseconds, 0, 3_600_000_000),
    }.OfType<string>();

    private static string? OutOfRange(string key, long value, long lowest, long highest) =>
        value >= lowest && value <= highest ? null : $"{key} is {value}, allowed are {lowest} to {highest}.";
}
