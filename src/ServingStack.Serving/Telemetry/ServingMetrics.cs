using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using ServingStack.Serving.Errors;

namespace ServingStack.Serving.Telemetry;

/// <summary>The instruments of the meter <c>ServingStack</c>. Recording allocates nothing: tags are built once a model.</summary>
public sealed class ServingMetrics : IDisposable
{
    public const string MeterName = "ServingStack";

    // Log-spaced, 1-2-5: a quantile read from them is right within a factor of about 1.6 anywhere between 1 us and 10 s.
    private static readonly double[] Mantissas = [1, 2, 5];
    private static readonly double[] OperatorSeconds = Decades(1e-6, 7);
    private static readonly double[] RequestSeconds = [50e-6, .. Decades(100e-6, 5)];
    private static readonly double[] QueueSeconds = Decades(10e-6, 6);
    private static readonly double[] Rows = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256];

    private readonly Meter _meter;
    private readonly ConcurrentDictionary<ModelTelemetry, byte> _models = new();

    public ServingMetrics(IMeterFactory? factory = null)
    {
        _meter = factory?.Create(MeterName) ?? new Meter(MeterName);
        RequestDuration = Histogram("servingstack.request.duration", "s", "From a request's arrival to its answer.", RequestSeconds);
        QueueDuration = Histogram("servingstack.queue.duration", "s", "From a request's arrival to the start of its batch.", QueueSeconds);
        BatchSize = Histogram("servingstack.batch.size", "{row}", "Rows that ran together.", Rows);
        OperatorDuration = Histogram("servingstack.operator.duration", "s", "One operator in one batch.", OperatorSeconds);
        OperatorFlops = _meter.CreateCounter<long>(
            "servingstack.operator.flops", "{flop}", "Arithmetic operations, a multiply-add counts as two.");
        OperatorBytes = _meter.CreateCounter<long>(
            "servingstack.operator.bytes", "{byte}", "Bytes that operators read and wrote, by shape.");
        Requests = _meter.CreateCounter<long>("servingstack.requests", "{request}", "Requests by how they ended.");
        DeadlineMisses = _meter.CreateCounter<long>(
            "servingstack.deadline.misses", "{request}", "Requests refused for their deadline, or answered after it.");
        InFlight = _meter.CreateUpDownCounter<long>(
            "servingstack.requests.inflight", "{request}", "Requests that came in and are not answered yet.");
        ModelLoads = _meter.CreateCounter<long>("servingstack.model.loads", "{load}", "Model loads by how they ended.");
        LoadDuration = _meter.CreateHistogram<double>("servingstack.model.load.duration", "s", "Reading, compiling and warming a model.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = Decades(10e-3, 4) });
        _meter.CreateObservableGauge(
            "servingstack.queue.depth", () => Each(m => m.QueueDepth()), "{request}", "Requests that wait for an instance.");
        _meter.CreateObservableGauge("servingstack.fallback.operators", () => Each(m => m.FallbackOperators),
            "{operator}", "Operators of a model that run on ONNX Runtime because no kernel of ours takes them.");
        _meter.CreateObservableGauge("servingstack.models.ready", () => Each(_ => 1), "{model}", "Versions that take requests.");
        CgroupCpu.AddTo(_meter);
    }

    internal Histogram<double> RequestDuration { get; }

    internal Histogram<double> QueueDuration { get; }

    internal Histogram<double> BatchSize { get; }

    internal Histogram<double> OperatorDuration { get; }

    internal Counter<long> OperatorFlops { get; }

    internal Counter<long> OperatorBytes { get; }

    internal Counter<long> Requests { get; }

    internal Counter<long> DeadlineMisses { get; }

    internal UpDownCounter<long> InFlight { get; }

    internal Counter<long> ModelLoads { get; }

    internal Histogram<double> LoadDuration { get; }

    public void Dispose() => _meter.Dispose();

    /// <summary>Counts a request that never reached a model, for example because it could not be read.</summary>
    public void CountRefused(ServingError error) =>
        Requests.Add(1, new KeyValuePair<string, object?>("outcome", ModelTelemetry.NameOf(error.Kind)));

    internal void CountLoad(string model, int version, string outcome, TimeSpan took)
    {
        ModelLoads.Add(1, new("model", model), new("version", $"{version}"), new("outcome", outcome));
        LoadDuration.Record(took.TotalSeconds, new("model", model), new("version", $"{version}"));
    }

    internal void Add(ModelTelemetry model) => _models.TryAdd(model, 0);

    internal void Remove(ModelTelemetry model) => _models.TryRemove(model, out _);

    private Histogram<double> Histogram(string name, string unit, string description, double[] boundaries) =>
        _meter.CreateHistogram(name, unit, description, null, new InstrumentAdvice<double> { HistogramBucketBoundaries = boundaries });

    private IEnumerable<Measurement<long>> Each(Func<ModelTelemetry, long> value) =>
        _models.Keys.Select(m => new Measurement<long>(value(m), m.Tags));

    private static double[] Decades(double from, int decades) =>
        [.. Enumerable.Range(0, 3 * decades).Select(i => Math.Round(from * Mantissas[i % 3] * Math.Pow(10, i / 3), 9))];
}
