using System.Text.Json;
using ServingStack.LoadTest.Load;

namespace ServingStack.LoadTest.Reports;

/// <summary>A result for programs. Times are milliseconds, rates are per second.</summary>
internal static class JsonReport
{
    private static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    public static string Of(LoadSummary summary) => JsonSerializer.Serialize(new
    {
        summary.Protocol,
        Url = summary.Url.ToString(),
        summary.Model,
        summary.Version,
        summary.Batch,
        summary.Seed,
        PeakRate = summary.Peak,
        Load = summary.Result is { } result ? LoadOf(result) : null,
        BoundsMissed = summary.Missed,
    }, Format);

    private static object LoadOf(LoadResult result) => new
    {
        result.RequestedRate,
        result.AnsweredRate,
        Seconds = result.Elapsed.TotalSeconds,
        result.Sent,
        result.Answered,
        Errors = result.Errors.Select(kind => new { kind.Status, kind.Count, kind.Example }),
        LatencyMs = PointsOf(result.Latency),
        ServiceMs = PointsOf(result.Service),
        LateMs = PointsOf(result.Lateness),
    };

    private static Dictionary<string, double> PointsOf(LatencySummary summary) => new()
    {
        ["p50"] = summary.P50.TotalMilliseconds,
        ["p90"] = summary.P90.TotalMilliseconds,
        ["p99"] = summary.P99.TotalMilliseconds,
        ["p99.9"] = summary.P999.TotalMilliseconds,
        ["max"] = summary.Max.TotalMilliseconds,
    };
}
