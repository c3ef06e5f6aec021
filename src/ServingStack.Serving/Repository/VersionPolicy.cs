using System.Text.Json;
using System.Text.Json.Serialization;

namespace ServingStack.Serving.Repository;

/// <summary>
/// Which of a model's versions are served: the newest few (the default: the newest one), all, or the ones named. In JSON
/// <c>{"latest": 2}</c>, <c>"all"</c> or <c>{"specific": [1, 3]}</c>.
/// </summary>
[JsonConverter(typeof(VersionPolicyConverter))]
public sealed record VersionPolicy
{
    private VersionPolicy(int count, IReadOnlyList<int> specific) => (Count, Specific) = (count, specific);

    public static VersionPolicy All { get; } = new(int.MaxValue, []);

    /// <summary>How many versions are served at most, newest first.</summary>
    public int Count { get; }

    /// <summary>The only versions that may be served; empty for any.</summary>
    public IReadOnlyList<int> Specific { get; }

    public static VersionPolicy Latest(int count) => new(count, []);

    public static VersionPolicy Only(IReadOnlyList<int> versions) => new(int.MaxValue, versions);

    /// <summary>
    /// The versions that may be served, the most wanted first. The first <see cref="Count"/> that load are served, so a broken newest
    /// version leaves its place to the one before.
    /// </summary>
    public IEnumerable<int> Candidates(IEnumerable<int> found) =>
        found.Where(v => Specific.Count == 0 || Specific.Contains(v)).OrderDescending();
}

/// <summary>Reads a <see cref="VersionPolicy"/> as it is written in <c>model.json</c>.</summary>
internal sealed class VersionPolicyConverter : JsonConverter<VersionPolicy>
{
    private const string Expected = "version_policy is {\"latest\": 2}, \"all\" or {\"specific\": [1, 3]}, with versions from 1.";

    public override VersionPolicy Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var element = JsonElement.ParseValue(ref reader);
        if (element.ValueKind == JsonValueKind.String && element.GetString() == "all") return VersionPolicy.All;
        if (element.ValueKind != JsonValueKind.Object || element.EnumerateObject().Count() != 1) throw new JsonException(Expected);
        var policy = element.EnumerateObject().First();
        return policy.Name switch
        {
            "latest" => VersionPolicy.Latest(Positive(policy.Value)),
            "specific" when policy.Value.ValueKind == JsonValueKind.Array && policy.Value.GetArrayLength() > 0
                => VersionPolicy.Only([.. policy.Value.EnumerateArray().Select(Positive)]),
            _ => throw new JsonException(Expected),
        };
    }

    public override void Write(Utf8JsonWriter writer, VersionPolicy value, JsonSerializerOptions options) =>
        throw new NotSupportedException("model.json is written by people, not by the server.");

    private static int Positive(JsonElement element) =>
        element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out var value) && value > 0 ? value
            : throw new JsonException(Expected);
}
