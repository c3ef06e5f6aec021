using System.Globalization;
using ServingStack.Training.Compressing;

namespace ServingStack.Training.Reports;

/// <summary>The tables of a compression report, as cells: what Markdown and HTML both show.</summary>
internal static class ReportTables
{
    private sealed record Column(string Title, Func<ReportedLayer, string> Text);

    private static readonly Column[] LayerColumns =
    [
        new("layer", l => l.Row.Name),
        new("outputs x inputs x taps", l => l.Row.Shape),
        new("method", l => l.Row.Ranks is null ? $"whole: {l.Row.Reason}" : l.Row.Method),
        new("ranks", l => l.Row.Ranks?.ToString() ?? ""),
        new("kernel error", l => l.Row.Ranks is null ? "" : Number(l.Row.RelativeError, "0.000")),
        new("parameters", l => Change(l.Row.ParametersBefore, l.Row.ParametersAfter)),
        new("flops", l => Change(l.Row.FlopsBefore, l.Row.FlopsAfter)),
        new("µs before", l => Micro(l.SecondsBefore)),
        new("µs after", l => Micro(l.SecondsAfter)),
    ];

    public static (string[] Titles, string[][] Rows) Layers(CompressionReport report) =>
        (Array.ConvertAll(LayerColumns, c => c.Title),
            [.. report.Layers.Select(layer => Array.ConvertAll(LayerColumns, c => c.Text(layer)))]);

    public static (string[] Titles, string[][] Rows) Totals(CompressionReport report)
    {
        var t = report.Totals;
        List<string[]> rows =
        [
            Row("parameters of layers", t.ParametersBefore, t.ParametersAfter, "0"),
            Row("flops of layers, one row", t.FlopsBefore, t.FlopsAfter, "0"),
            Row("µs of the network, one row, one thread", 1e6 * t.SecondsBefore, 1e6 * t.SecondsAfter, "0.0"),
        ];
        return (["", "before", "after", "times less"], [.. rows]);
    }

    /// <summary>Empty where no data was given.</summary>
    public static (string[] Titles, string[][] Rows) Accuracies(CompressionReport report)
    {
        if (report.Accuracy is not { } accuracy) return ([], []);
        var first = report.Curve.FirstOrDefault(e => e.Epoch == 1);
        (string Stage, double? Value)[] stages =
        [
            ("original", accuracy.Original), ("decomposed", accuracy.Decomposed), ("after one epoch", first?.Validation.Accuracy),
            ($"after {(report.Curve.Count > 0 ? report.Curve[^1].Epoch : 0)} epochs", accuracy.Tuned),
        ];
        return (["stage", "accuracy %", "points lost"], [.. stages.Where(s => s.Value is not null).Select(s => (string[])
            [s.Stage, Number(100 * s.Value!.Value, "0.00"), Number(100 * (accuracy.Original - s.Value.Value), "0.00")])]);
    }

    public static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private static string[] Row(string name, double before, double after, string format) =>
        [name, Number(before, format), Number(after, format), Number(before / after, "0.00")];

    private static string Change(long before, long after) => before == after ? $"{before}"
        : $"{before} -> {after} (/{Number((double)before / after, "0.0")})";

    private static string Micro(double? seconds) => seconds is { } s ? Number(1e6 * s, "0.0") : "";
}
