using System.Text;
using ServingStack.Training.Compressing;

namespace ServingStack.Training.Reports;

/// <summary>A compression report as Markdown.</summary>
public static class MarkdownReport
{
    public static string Write(CompressionReport report)
    {
        var text = new StringBuilder();
        text.AppendLine($"# {report.Model}, compressed");
        text.AppendLine().AppendLine($"Ranks by {report.Method}. Original: SHA-256 `{report.SourceHash}`. Times: {report.Machine}.");
        Table(text, "Totals", ReportTables.Totals(report));
        Table(text, report.Data is null ? "Accuracy" : $"Accuracy on {report.Data}", ReportTables.Accuracies(report));
        Table(text, "Layers", ReportTables.Layers(report));
        return text.ToString();
    }

    private static void Table(StringBuilder text, string title, (string[] Titles, string[][] Rows) table)
    {
        if (table.Rows.Length == 0) return;
        text.AppendLine().AppendLine($"## {title}").AppendLine();
        Line(text, table.Titles);
        Line(text, Array.ConvertAll(table.Titles, _ => "---"));
        foreach (var row in table.Rows) Line(text, row);
    }

    private static void Line(StringBuilder text, string[] cells) =>
        text.AppendLine($"| {string.Join(" | ", cells.Select(c => c.Replace("|", "\\|", StringComparison.Ordinal)))} |");
}
