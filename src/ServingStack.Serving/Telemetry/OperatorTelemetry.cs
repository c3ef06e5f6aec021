using System.Diagnostics;
using ServingStack.Engine;

namespace ServingStack.Serving.Telemetry;

/// <summary>
/// The recordings of one plan's steps. Durations are recorded step by step; flops and bytes follow from the shapes, so their sums are
/// added once for each kind of operator.
/// </summary>
internal sealed class OperatorTelemetry
{
    private static readonly double SecondsPerTick = 1.0 / Stopwatch.Frequency;

    private readonly ServingMetrics _metrics;
    private readonly KeyValuePair<string, object?>[][] _stepTags;
    private readonly Work[] _work;

    public OperatorTelemetry(ServingMetrics metrics, KeyValuePair<string, object?>[] model, IReadOnlyList<PlanStep> steps)
    {
        _metrics = metrics;
        var kinds = steps.GroupBy(s => (s.OpType, s.Precision, s.Backend))
            .ToDictionary(g => g.Key, g => new Work(g, [.. model, .. TagsOf(g.Key.OpType, g.Key.Precision, g.Key.Backend)]));
        _stepTags = [.. steps.Select(s => kinds[(s.OpType, s.Precision, s.Backend)].Tags)];
        _work = [.. kinds.Values];
    }

    public void Record(ReadOnlySpan<long> stepTicks)
    {
        for (var i = 0; i < stepTicks.Length; i++) _metrics.OperatorDuration.Record(stepTicks[i] * SecondsPerTick, _stepTags[i]);
        foreach (var work in _work)
        {
            _metrics.OperatorFlops.Add(work.Flops, work.Tags);
            _metrics.OperatorBytes.Add(work.BytesRead, work.ReadTags);
            _metrics.OperatorBytes.Add(work.BytesWritten, work.WrittenTags);
        }
    }

    private static KeyValuePair<string, object?>[] TagsOf(string operation, string precision, string backend) =>
        [new("operator", operation), new("precision", precision), new("backend", backend)];

    /// <summary>What all steps of one operator, precision and backend do in one run.</summary>
    private sealed class Work(IEnumerable<PlanStep> steps, KeyValuePair<string, object?>[] tags)
    {
        public KeyValuePair<string, object?>[] Tags { get; } = tags;

        public KeyValuePair<string, object?>[] ReadTags { get; } = [.. tags, new("direction", "read")];

        public KeyValuePair<string, object?>[] WrittenTags { get; } = [.. tags, new("direction", "written")];

        public long Flops { get; } = steps.Sum(s => s.Flops);

        public long BytesRead { get; } = steps.Sum(s => s.BytesRead);

        public long BytesWritten { get; } = steps.Sum(s => s.BytesWritten);
    }
}
