using System.Text;

namespace ServingStack.Engine;

/// <summary>Prints a plan as a table, one step a line, columns aligned.</summary>
internal static class PlanDump
{
    private static readonly (string Title, Func<PlanStep, string> Text)[] Columns =
    [
        ("step", s => s.Name),
        ("operator", s => s.OpType),
        ("precision", s => s.Precision),
        ("backend", s => s.Backend),
        ("kernel", s => s.Kernel),
        ("shapes", s => s.Shapes),
        ("flops", s => $"{s.Flops}"),
        ("read", s => $"{s.BytesRead}"),
        ("written", s => $"{s.BytesWritten}"),
        ("offset", s => s.ArenaOffset < 0 ? "" : $"{s.ArenaOffset}"),
        ("note", s => s.Note),
    ];

    public static string Write(Plan plan)
    {
        var widths = Columns.Select(c => plan.Steps.Select(s => c.Text(s).Length).Append(c.Title.Length).Max()).ToArray();
        var text = new StringBuilder();
        AppendRow(text, widths, Columns.Select(c => c.Title));
        foreach (var step in plan.Steps) AppendRow(text, widths, Columns.Select(c => c.Text(step)));
        text.AppendLine(
            $"{plan.Steps.Count} steps, {plan.FallbackSteps} of them on ONNX Runtime, {plan.Steps.Sum(s => s.Flops)} flops, arena of {plan.ArenaBytes} bytes");
        return text.ToString();
    }

    private static void AppendRow(StringBuilder text, int[] widths, IEnumerable<string> cells) =>
        text.AppendLine(string.Join("  ", cells.Select((cell, i) => cell.PadRight(widths[i]))).TrimEnd());
}
