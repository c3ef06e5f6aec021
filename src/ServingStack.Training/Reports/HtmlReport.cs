using System.Net;
using System.Text;
using ServingStack.Training.Compressing;

namespace ServingStack.Training.Reports;

/// <summary>A compression report as one HTML file, plots inside.</summary>
public static class HtmlReport
{
    private const string Style = "body{font:15px sans-serif;max-width:75em;margin:2em auto}table{border-collapse:collapse}" +
        "td,th{border:1px solid #ccc;padding:.2em .6em;text-align:left}";

    public static string Write(CompressionReport report)
    {
        var text = new StringBuilder();
        text.AppendLine($"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{Safe(report.Model)}</title>");
        text.AppendLine($"<style>{Style}</style><h1>{Safe(report.Model)}, compressed</h1>");
        text.AppendLine($"<p>Ranks by {Safe(report.Method)}. Original: SHA-256 <code>{report.SourceHash}</code>. " +
            $"Times: {Safe(report.Machine)}.</p>");
        Table(text, "Totals", ReportTables.Totals(report));
        Table(text, report.Data is null ? "Accuracy" : $"Accuracy on {report.Data}", ReportTables.Accuracies(report));
        if (report.Curve.Count > 1) text.AppendLine(Plots.Curve(report.Curve, report.Accuracy?.Original));
        text.AppendLine(Plots.LayerFlops(report));
        text.AppendLine(Plots.LayerErrors(report));
        Table(text, "Layers", ReportTables.Layers(report));
        return text.AppendLine("</html>").ToString();
    }

    private static void Table(StringBuilder text, string title, (string[] Titles, string[][] Rows) table)
    {
        if (table.Rows.Length == 0) return;
        text.AppendLine($"<h2>{Safe(title)}</h2><table>");
        Line(text, table.Titles, "th");
        foreach (var row in table.Rows) Line(text, row, "td");
        text.AppendLine("</table>");
    }

    private static void Line(StringBuilder text, string[] cells, string tag) =>
        text.AppendLine($"<tr>{string.Concat(cells.Select(c => $"<{tag}>{Safe(c)}</{tag}>"))}</tr>");

    private static string Safe(string text) => WebUtility.HtmlEncode(text);
}
