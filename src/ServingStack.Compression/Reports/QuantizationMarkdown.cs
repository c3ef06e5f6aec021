using System.Globalization;
using System.Text;
using ServingStack.Compression.Evaluation;

namespace ServingStack.Compression.Reports;

/// <summary>A quantization report to read.</summary>
public static class QuantizationMarkdown
{
    public static string Write(QuantizationReport report)
    {
        var text = new StringBuilder();
        Line(text, $"# {report.Model}, quantized");
        Line(text, $"");
        Line(text, $"{report.Method}.");
        Line(text, $"");
        Line(text, $"| | fp32 | quantized |");
        Line(text, $"|---|---|---|");
        Line(text, $"| accuracy | {100 * report.Exact.Accuracy:0.00} % | {100 * report.Quantized.Accuracy:0.00} % |");
        if (report.Exact.Top5 is { } top5) Line(text, $"| top 5 | {100 * top5:0.00} % | {100 * report.Quantized.Top5:0.00} % |");
        if (report.Exact.AreaUnderCurve is { } area) Line(text, $"| AUC | {area:0.0000} | {report.Quantized.AreaUnderCurve:0.0000} |");
        Line(text, $"| bytes | {report.ExactBytes} | {report.Bytes} ({(double)report.Bytes / report.ExactBytes:0.000}) |");
        Line(text, $"");
        Line(text, $"On {report.Exact.Rows} rows the accuracy changes by {Points(report.Change)} points (95 % confidence).");
        Line(text, $"{100 * report.Change.Agreement:0.00} % of the answers are the same.");
        Line(text, $"");
        WriteLayers(text, report);
        WriteParts(text, report);
        return text.ToString();
    }

    public static string Points(AccuracyChange change) =>
        string.Create(CultureInfo.InvariantCulture, $"{100 * change.Difference:+0.00;-0.00;0.00} ± {100 * change.HalfWidth:0.00}");

    private static void WriteLayers(StringBuilder text, QuantizationReport report)
    {
        var isValueAware = report.Layers.Any(l => l.Value is not null);
        Line(text, $"| layer | operator | bits | signal to noise |{(isValueAware ? " large weights | bits a weight | threshold |" : "")}");
        Line(text, $"|---|---|---|---|{(isValueAware ? "---|---|---|" : "")}");
        foreach (var layer in report.Layers)
        {
            var parts = layer.Value is not { } v ? "" : string.Create(CultureInfo.InvariantCulture,
                $" {100 * v.LargeShare:0.00} % | {8.0 * v.Bytes / v.Weights:0.00} | {v.Activations?.Threshold:0.###} |");
            Line(text, $"| {layer.Name} | {layer.OpType} | {layer.Bits} | {layer.SignalToNoise:0.0} dB |{parts}");
        }
    }

    private static void WriteParts(StringBuilder text, QuantizationReport report)
    {
        var layers = report.Layers.Select(l => l.Value).OfType<ValueAware.ValueAwareLayerReport>().ToArray();
        if (layers.Length == 0) return;
        Line(text, $"");
        Line(text, $"| part | bytes | bits a weight |");
        Line(text, $"|---|---|---|");
        var weights = layers.Sum(l => (long)l.Weights);
        foreach (var (name, bytes) in ((string, long)[])[("codes", layers.Sum(l => l.CodeBytes)), ("scales", layers.Sum(l => l.ScaleBytes)),
            ("places of large weights", layers.Sum(l => l.IndexBytes)), ("large weights", layers.Sum(l => l.LargeBytes)),
            ("all", layers.Sum(l => l.Bytes))])
            Line(text, $"| {name} | {bytes} | {8.0 * bytes / weights:0.000} |");
    }

    private static void Line(StringBuilder text, FormattableString line) =>
        text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
