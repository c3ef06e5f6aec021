using ServingStack.Engine;
using ServingStack.Serving.Batching;
using ServingStack.Serving.Errors;
using ServingStack.Serving.Requests;
using ServingStack.Serving.Telemetry;

namespace ServingStack.Serving.Repository;

/// <summary>
/// One version of a model, loaded, warmed and running. Callers hold a <see cref="ModelLease"/>; what is unloaded finishes its leases first.
/// </summary>
public sealed class ServedModel : IAsyncDisposable
{
    private readonly CompiledModel _compiled;
    private readonly ModelInstance[] _instances;
    private readonly ModelTelemetry _telemetry;
    private readonly TimeProvider _time;
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // The repository's own hold is the first.
    private int _holds = 1;

    private ServedModel(string name, int version, ModelSettings settings, CompiledModel compiled, ServingMetrics metrics, TimeProvider time)
    {
        (Name, Version, Settings, _compiled, _time) = (name, version, settings, compiled, time);
        Signature = new ModelSignature(
            name, compiled.Inputs, compiled.Outputs, compiled.SupportsBatching, compiled.SupportsBatching ? settings.MaxBatchSize : 1);
        var count = settings.Instances > 0 ? settings.Instances : Environment.ProcessorCount;
        var sizes = BatchSizes.UpTo(Signature.MaxRows);
        var runners = Enumerable.Range(0, count).Select(_ => new BatchRunner(compiled.CreateSession(), Signature, sizes)).ToArray();
        var warmed = new WarmUp(compiled, Signature, sizes, time).Run(runners);
        Note = compiled.PlatformReason.Length == 0 ? warmed.Note : $"{warmed.Note} Runs on ONNX Runtime: {compiled.PlatformReason}".Trim();
        var gathered = warmed.RowsAreIndependent ? Signature.MaxRows : 1;
        Batcher = new Batcher(LimitsOf(gathered), settings.QueueLimit, count, time);
        foreach (var (rows, ticks) in warmed.Durations) Batcher.Learn(rows, ticks);
        _telemetry = new ModelTelemetry(metrics, name, version, () => Batcher.Depth) { FallbackOperators = warmed.FallbackOperators };
        _instances = [.. runners.Select((r, i) => new ModelInstance($"{name}/{version}#{i}", r, Batcher, _telemetry, time))];
    }

    public string Name { get; }

    public int Version { get; }

    public ModelSettings Settings { get; }

    public ModelSignature Signature { get; }

    /// <summary>What is worth knowing of how it runs; empty for nothing.</summary>
    public string Note { get; }

    /// <summary>What runs it, in the protocol's words.</summary>
    public string Platform => _compiled.Platform;

    /// <summary>The ONNX file's metadata.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _compiled.Metadata;

    /// <summary>Operators that run on ONNX Runtime; 0 when all run on our kernels.</summary>
    public int FallbackOperators => _telemetry.FallbackOperators;

    public int Instances => _instances.Length;

    internal Batcher Batcher { get; }

    /// <summary>Reads, compiles, warms and starts a model. Throws with context when the file is no good.</summary>
    internal static ServedModel Load(
        string name, int version, string file, ModelSettings settings, ServingMetrics metrics, TimeProvider time)
    {
        var plans = Math.Max(16, BatchSizes.UpTo(settings.MaxBatchSize).Length);
        var compiled = CompiledModel.Load(file, new EngineOptions
        {
            Threads = settings.Threads,
            ForceOnnxRuntime = settings.ForceOnnxRuntime,
            MaxPlans = plans,
        });
        try
        {
            var model = new ServedModel(name, version, settings, compiled, metrics, time);
            model.Start();
            return model;
        }
        catch
        {
            compiled.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Runs a sealed request; null once its outputs are there, else why they never will be. Never throws for a request's sake.
    /// </summary>
    public async Task<ServingError?> RunAsync(InferenceRequest request)
    {
        request.Arrival = _time.GetTimestamp();
        request.Deadline = DeadlineOf(request);
        _telemetry.RequestStarted();
        var error = Check(request) ?? Batcher.Enqueue(request) ?? await request.Answer.ConfigureAwait(false);
        var ended = _time.GetTimestamp();
        TimeSpan? queued = request.Started == 0 ? null : _time.GetElapsedTime(request.Arrival, request.Started);
        _telemetry.RequestEnded(
            error, _time.GetElapsedTime(request.Arrival, ended), queued, late: error is null && ended > request.Deadline);
        return error;
    }

    /// <summary>Counts a request for this model that could not be read.</summary>
    public void CountRefused(ServingError error) => _telemetry.RequestRefused(error);

    internal bool TryHold()
    {
        int holds;
        do
        {
            holds = Volatile.Read(ref _holds);
            if (holds == 0) return false;
        }
        while (Interlocked.CompareExchange(ref _holds, holds + 1, holds) != holds);
        return true;
    }

    internal void Release()
    {
        if (Interlocked.Decrement(ref _holds) == 0) _released.SetResult();
    }

    /// <summary>Lets the leases finish, then stops the instances and frees everything. Called once, by the repository.</summary>
    public async ValueTask DisposeAsync()
    {
        Release();
        await _released.Task.ConfigureAwait(false);
        Batcher.Close();
        foreach (var instance in _instances) instance.Dispose();
        _telemetry.Dispose();
        Batcher.Dispose();
        _compiled.Dispose();
    }

    private void Start()
    {
        foreach (var instance in _instances) instance.Start();
        _telemetry.Publish();
    }

    /// <summary>Refuses what the model must not see, such as an index outside its table, before it joins a batch.</summary>
    private ServingError? Check(InferenceRequest request)
    {
        try
        {
            for (var i = 0; i < Signature.Inputs.Count; i++) _compiled.CheckInput(i, request.Input(i).Bytes.Span);
            return null;
        }
        catch (InputException e)
        {
            return ServingError.Invalid(e.Message);
        }
    }

    private long DeadlineOf(InferenceRequest request)
    {
        var allowed = Settings.DefaultTimeoutMicroseconds > 0 ? TimeSpan.FromMicroseconds(Settings.DefaultTimeoutMicroseconds)
            : TimeSpan.MaxValue;
        if (request.Timeout is { } asked && asked < allowed) allowed = asked;
        var ticks = allowed.TotalSeconds * _time.TimestampFrequency;
        return ticks >= long.MaxValue - request.Arrival ? long.MaxValue : request.Arrival + (long)Math.Max(0, ticks);
    }

    private BatchLimits LimitsOf(int rows) => new(
        rows,
        (long)(Settings.MaxQueueDelayMicroseconds * 1e-6 * _time.TimestampFrequency),
        // A timer fires within a millisecond, and the learned cost is off by about as much on a busy machine.
        Margin: _time.TimestampFrequency / 500);
}
