using System.Diagnostics;
using System.Globalization;
using ServingStack.Engine;
using Spectre.Console;

namespace ServingStack.Benchmarks;

/// <summary>The steps of a plan that take longest: each with the best of some runs, so that one disturbance does not rule.</summary>
internal static class StepTable
{
    private const int Runs = 12;
    private const int Shown = 60;

    public static void Print(Plan plan)
    {
        var ticks = new long[plan.Steps.Count];
        Array.Fill(ticks, long.MaxValue);
        for (var run = 0; run < Runs; run++)
        {
            plan.Run();
            for (var i = 0; i < ticks.Length; i++) ticks[i] = Math.Min(ticks[i], plan.StepTicks[i]);
        }
        var table = new Table().Border(TableBorder.Simple).AddColumns("step", "operator", "kernel", "shapes");
        foreach (var name in (string[])["µs", "GOPS"]) table.AddColumn(new TableColumn(name).RightAligned());
        foreach (var (step, time) in plan.Steps.Zip(ticks).OrderByDescending(pair => pair.Second).Take(Shown))
        {
            var microseconds = time * 1e6 / Stopwatch.Frequency;
            table.AddRow(
                Markup.Escape(step.Name), step.OpType, step.Kernel, Markup.Escape(step.Shapes), Number(microseconds, "0.0"),
                Number(step.Flops / microseconds / 1e3, "0"));
        }
        AnsiConsole.Profile.Width = 200;
        AnsiConsole.Write(table);
        PrintByOperator(plan, ticks);
    }

    private static void PrintByOperator(Plan plan, long[] ticks)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("operator", "kernel");
        foreach (var name in (string[])["steps", "µs", "GOPS"]) table.AddColumn(new TableColumn(name).RightAligned());
        var groups = plan.Steps.Zip(ticks).GroupBy(pair => (pair.First.OpType, pair.First.Kernel));
        foreach (var group in groups.OrderByDescending(g => g.Sum(pair => pair.Second)))
        {
            var microseconds = group.Sum(pair => pair.Second) * 1e6 / Stopwatch.Frequency;
            table.AddRow(
                group.Key.OpType, group.Key.Kernel, $"{group.Count()}", Number(microseconds, "0.0"),
                Number(group.Sum(pair => pair.First.Flops) / microseconds / 1e3, "0"));
        }
        AnsiConsole.Write(table);
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
