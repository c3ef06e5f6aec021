using System.Text.Json;
using System.Text.Json.Serialization;
using ServingStack.Training.Compressing;

namespace ServingStack.Training.Reports;

/// <summary>A compression report for machines: keys in snake_case, numbers that do not exist as strings ("NaN").</summary>
public static class JsonReport
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Write(CompressionReport report) => JsonSerializer.Serialize(report, Options);

    public static CompressionReport Read(string json) => JsonSerializer.Deserialize<CompressionReport>(json, Options)!;
}
