using System.Runtime.CompilerServices;
using ServingStack.Engine;
using ServingStack.Serving.Errors;

namespace ServingStack.Serving.Telemetry;

/// <summary>One model version's recordings, with its tags built beforehand. Thread-safe.</summary>
internal sealed class ModelTelemetry : IDisposable
{
    private static readonly string[] Outcomes = [.. Enum.GetNames<ServingErrorKind>().Select(Snake)];

    private readonly ServingMetrics _metrics;
    private readonly KeyValuePair<string, object?>[][] _outcomeTags;
    private readonly KeyValuePair<string, object?>[] _successTags;

    // Plans come and go with the sessions' caches; their tags go with them.
    private readonly ConditionalWeakTable<Plan, OperatorTelemetry> _operators = [];

    public ModelTelemetry(ServingMetrics metrics, string model, int version, Func<int> queueDepth)
    {
        _metrics = metrics;
        QueueDepth = () => queueDepth();
        Tags = [new("model", model), new("version", $"{version}")];
        _successTags = [.. Tags, new("outcome", "success")];
        _outcomeTags = [.. Outcomes.Select(outcome => Tags.Append(new("outcome", outcome)).ToArray())];
    }

    /// <summary>Model and version.</summary>
    public KeyValuePair<string, object?>[] Tags { get; }

    public Func<long> QueueDepth { get; }

    public int FallbackOperators { get; set; }

    public static string NameOf(ServingErrorKind kind) => Outcomes[(int)kind];

    /// <summary>Makes the version visible in the gauges until it is disposed.</summary>
    public void Publish() => _metrics.Add(this);

    /// <summary>A request that could not be read, and so has no duration.</summary>
    public void RequestRefused(ServingError error) => _metrics.Requests.Add(1, _outcomeTags[(int)error.Kind]);

    public void RequestStarted() => _metrics.InFlight.Add(1, Tags);

    /// <param name="error">Null for an answer.</param>
    /// <param name="total">From arrival to answer.</param>
    /// <param name="queued">From arrival to the batch; null when it never ran.</param>
    /// <param name="late">Whether the answer came after the deadline.</param>
    public void RequestEnded(ServingError? error, TimeSpan total, TimeSpan? queued, bool late)
    {
        _metrics.InFlight.Add(-1, Tags);
        _metrics.Requests.Add(1, error is null ? _successTags : _outcomeTags[(int)error.Kind]);
        _metrics.RequestDuration.Record(total.TotalSeconds, Tags);
        if (queued is { } wait) _metrics.QueueDuration.Record(wait.TotalSeconds, Tags);
        if (late || error?.Kind == ServingErrorKind.DeadlineExceeded) _metrics.DeadlineMisses.Add(1, Tags);
    }

    public void BatchRan(int rows, Plan plan)
    {
        _metrics.BatchSize.Record(rows, Tags);
        if (!_operators.TryGetValue(plan, out var operators))
            _operators.AddOrUpdate(plan, operators = new OperatorTelemetry(_metrics, Tags, plan.Steps));
        operators.Record(plan.StepTicks);
    }

    public void Dispose() => _metrics.Remove(this);

    private static string Snake(string name) =>
        string.Concat(name.Select((c, i) => char.IsUpper(c) ? (i > 0 ? "_" : "") + char.ToLowerInvariant(c) : $"{c}"));
}
