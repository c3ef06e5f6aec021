using System.Globalization;
using ServingStack.Compression.Evaluation;

namespace ServingStack.Cli.Terminal;

/// <summary>An evaluation in words.</summary>
internal static class ReportText
{
    public static string Of(EvaluationReport report) => string.Create(CultureInfo.InvariantCulture,
        $"accuracy {100 * report.Accuracy:0.00} %" +
        $"{Part(", top-5 ", report.Top5, 100, " %")}{Part(", AUC ", report.AreaUnderCurve, 1, "")} on {report.Rows} rows");

    private static string Part(string name, double? value, double factor, string unit) =>
        value is { } v ? string.Create(CultureInfo.InvariantCulture, $"{name}{factor * v:0.00##}{unit}") : "";
}
