using System.Diagnostics;
using ServingStack.Engine;
using ServingStack.Graphs;

namespace ServingStack.Compression.Tucker.Timing;

/// <summary>
/// Measures a graph on our own kernels, one thread, batch 1 (open extents at 1): the fastest of several runs, because other work on the
/// machine only ever adds.
/// </summary>
public static class GraphTimer
{
    private const int Most = 200;

    // On a busy machine a process may stand still for longer than the time that is enough.
    private const int Least = 10;

    private static readonly TimeSpan Enough = TimeSpan.FromMilliseconds(30);

    /// <summary>Seconds of each step by its name, and of the whole.</summary>
    public static (IReadOnlyDictionary<string, double> Steps, double Total) Measure(Graph graph, TimeSpan? enough = null)
    {
        using var model = CompiledModel.Compile(graph, new EngineOptions());
        using var session = model.CreateSession();
        var plan = session.PlanFor([.. model.Inputs.Select(i => i.Shape.Select(d => d.IsFixed ? d.Value : 1).ToArray())]);
        var best = new long[plan.Steps.Count];
        Array.Fill(best, long.MaxValue);
        var total = long.MaxValue;
        plan.Run();
        var watch = Stopwatch.StartNew();
        for (var run = 0; run < Most && (run < Least || watch.Elapsed < (enough ?? Enough)); run++)
        {
            var start = Stopwatch.GetTimestamp();
            plan.Run();
            total = Math.Min(total, Stopwatch.GetTimestamp() - start);
            for (var i = 0; i < best.Length; i++) best[i] = Math.Min(best[i], plan.StepTicks[i]);
        }
        var steps = plan.Steps.Select((step, i) => (step.Name, Seconds: (double)best[i] / Stopwatch.Frequency))
            .GroupBy(p => p.Name).ToDictionary(g => g.Key, g => g.Sum(p => p.Seconds));
        return (steps, (double)total / Stopwatch.Frequency);
    }
}
