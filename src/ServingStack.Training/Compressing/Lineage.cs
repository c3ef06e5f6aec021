using System.Globalization;
using System.Security.Cryptography;
using ServingStack.Graphs;

namespace ServingStack.Training.Compressing;

/// <summary>Where a compressed model comes from, as ONNX metadata: a server shows it among the model's properties.</summary>
public static class Lineage
{
    public static string HashOf(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    public static string HashOf(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    public static void Write(Graph graph, CompressionReport report)
    {
        var ranks = report.Layers.Where(l => l.Row.Ranks is not null).Select(l => $"{l.Row.Name}: {l.Row.Ranks}");
        Dictionary<string, string?> facts = new()
        {
            ["lineage.source_sha256"] = report.SourceHash,
            ["lineage.method"] = $"Tucker decomposition, {report.Method}",
            ["lineage.ranks"] = string.Join("; ", ranks),
            ["lineage.parameters"] = $"{report.Totals.ParametersBefore} -> {report.Totals.ParametersAfter}",
            ["lineage.flops"] = $"{report.Totals.FlopsBefore} -> {report.Totals.FlopsAfter}",
            ["lineage.data"] = report.Data,
            ["lineage.epochs"] = report.Curve.Count > 0 ? $"{report.Curve[^1].Epoch}" : null,
            ["lineage.accuracy_before"] = Share(report.Accuracy?.Original),
            ["lineage.accuracy_after"] = Share(report.Accuracy?.Final),
            ["accuracy"] = Share(report.Accuracy?.Final),
        };
        foreach (var (key, value) in facts)
            if (value is not null) graph.Metadata[key] = value;
    }

    private static string? Share(double? value) => value?.ToString("0.0000", CultureInfo.InvariantCulture);
}
