using ServingStack.LoadTest.Load;
using Spectre.Console;

namespace ServingStack.LoadTest.Reports;

/// <summary>A result for eyes.</summary>
internal static class ResultTable
{
    public static void Write(TextWriter output, LoadResult result)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });
        var due = result.RequestedRate is { } rate ? $" ({rate:0.0} due)" : "";
        output.WriteLine($"{result.Answered} of {result.Sent} requests answered in {result.Elapsed.TotalSeconds:0.0} s: "
            + $"{result.AnsweredRate:0.0} a second{due}");
        console.Write(Latencies(result));
        if (result.Errors.Count > 0) console.Write(Errors(result));
    }

    private static Table Latencies(LoadResult result)
    {
        var table = new Table().AddColumn("milliseconds");
        foreach (var name in new[] { "p50", "p90", "p99", "p99.9", "max" }) table.AddColumn(name, column => column.RightAligned());
        AddRow(table, "latency (due to answer)", result.Latency);
        AddRow(table, "service (sent to answer)", result.Service);
        AddRow(table, "late (due to sent)", result.Lateness);
        return table;
    }

    private static void AddRow(Table table, string name, LatencySummary summary) => table.AddRow(
        name, Text(summary.P50), Text(summary.P90), Text(summary.P99), Text(summary.P999), Text(summary.Max));

    private static Table Errors(LoadResult result)
    {
        var table = new Table().AddColumn("errors", column => column.RightAligned()).AddColumn("kind").AddColumn("the first one says");
        foreach (var kind in result.Errors) table.AddRow($"{kind.Count}", Markup.Escape(kind.Status), Markup.Escape(kind.Example));
        return table;
    }

    private static string Text(TimeSpan time) => $"{time.TotalMilliseconds:0.00}";
}
