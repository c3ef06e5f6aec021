using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;
using ServingStack.Training.Compressing;

namespace ServingStack.Training.Reports;

/// <summary>The plots of compressing and tuning, as SVG elements that a page takes in or a file holds.</summary>
public static class Plots
{
    private const double Width = 720;
    private const double Height = 340;

    /// <summary>Accuracy and loss over epochs; the original's accuracy as a line across, where it is given.</summary>
    public static string Curve(IReadOnlyList<EpochRecord> epochs, double? original) => Curves([("accuracy", epochs)], original);

    /// <summary>Accuracies of several runs over epochs, for example of a compressed network and of its control.</summary>
    public static string Curves(IReadOnlyList<(string Name, IReadOnlyList<EpochRecord> Epochs)> runs, double? original)
    {
        var plot = Plot("accuracy over epochs of fine-tuning (0: before)", "epoch", "accuracy %");
        plot.Legends.Add(new Legend { LegendPosition = LegendPosition.RightBottom });
        foreach (var (name, epochs) in runs)
            plot.Series.Add(Line(name, epochs.Select(e => ((double)e.Epoch, 100 * e.Validation.Accuracy)), LineStyle.Solid));
        if (original is { } level)
            plot.Series.Add(Line("original", [(0, 100 * level), (runs.Max(r => r.Epochs[^1].Epoch), 100 * level)], LineStyle.Dash));
        return Svg(plot);
    }

    public static string LayerFlops(CompressionReport report) => Bars("flops of a row, millions", report,
        [("before", l => l.Row.FlopsBefore / 1e6), ("after", l => l.Row.FlopsAfter / 1e6)]);

    public static string LayerErrors(CompressionReport report) =>
        Bars("relative error of the kernel", report, [("error", l => l.Row.RelativeError)]);

    private static string Bars(string title, CompressionReport report, (string Name, Func<ReportedLayer, double> Value)[] series)
    {
        var plot = Plot(title, "layer", "");
        plot.Legends.Add(new Legend { LegendPosition = LegendPosition.RightTop });
        for (var s = 0; s < series.Length; s++)
        {
            var bars = new RectangleBarSeries { Title = series[s].Name, StrokeThickness = 0 };
            var width = 0.8 / series.Length;
            for (var i = 0; i < report.Layers.Count; i++)
                bars.Items.Add(new(i + 0.6 + (s * width), 0, i + 0.6 + ((s + 1) * width), series[s].Value(report.Layers[i])));
            plot.Series.Add(bars);
        }
        return Svg(plot);
    }

    private static PlotModel Plot(string title, string x, string y)
    {
        var plot = new PlotModel { Title = title, TitleFontSize = 13, Background = OxyColors.White };
        plot.Axes.Add(new LinearAxis { Position = AxisPosition.Bottom, Title = x, MinimumMajorStep = 1, MinorTickSize = 0 });
        plot.Axes.Add(new LinearAxis { Position = AxisPosition.Left, Title = y, MajorGridlineStyle = LineStyle.Dot });
        return plot;
    }

    private static LineSeries Line(string name, IEnumerable<(double X, double Y)> points, LineStyle style)
    {
        var line = new LineSeries { Title = name, LineStyle = style, MarkerType = style == LineStyle.Solid ? MarkerType.Circle : MarkerType.None };
        foreach (var (x, y) in points) line.Points.Add(new(x, y));
        return line;
    }

    private static string Svg(PlotModel plot) =>
        SvgExporter.ExportToString(plot, Width, Height, isDocument: false, useVerticalTextAlignmentWorkaround: true);
}
