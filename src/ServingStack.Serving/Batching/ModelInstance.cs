using System.Runtime.InteropServices;
using ServingStack.Engine;
using ServingStack.Serving.Errors;
using ServingStack.Serving.Requests;
using ServingStack.Serving.Telemetry;

namespace ServingStack.Serving.Batching;

/// <summary>
/// A thread with a session of its own that takes batches from the model's queue and runs them. From the batch to the answer nothing is
/// allocated, locked or logged; what is measured is recorded after the answers are out.
/// </summary>
internal sealed class ModelInstance : IDisposable
{
    private readonly Batcher _batcher;
    private readonly BatchRunner _runner;
    private readonly ModelTelemetry _telemetry;
    private readonly TimeProvider _time;
    private readonly List<InferenceRequest> _batch = [];
    private readonly Thread _thread;

    public ModelInstance(string name, BatchRunner runner, Batcher batcher, ModelTelemetry telemetry, TimeProvider time)
    {
        (_runner, _batcher, _telemetry, _time) = (runner, batcher, telemetry, time);
        _thread = new Thread(Loop) { IsBackground = true, Name = name };
    }

    public void Start() => _thread.Start();

    /// <summary>Waits for the thread, which ends once the batcher is closed and empty, and lets go of the session.</summary>
    public void Dispose()
    {
        if (_thread.IsAlive) _thread.Join();
        _runner.Dispose();
    }

    private void Loop()
    {
        while (_batcher.Take(_batch)) Run(CollectionsMarshal.AsSpan(_batch));
    }

    private void Run(ReadOnlySpan<InferenceRequest> batch)
    {
        var rows = RowsOf(batch);
        var started = _time.GetTimestamp();
        if (!Answer(batch)) return;
        var took = _time.GetTimestamp() - started;
        _batcher.Learn(_runner.LastSize, took);
        _telemetry.BatchRan(rows, _runner.LastPlan!);
    }

    /// <summary>
    /// Runs the requests together and answers each. When that fails each is run alone, so that the one at fault fails and its neighbours
    /// don't. False when anything failed.
    /// </summary>
    private bool Answer(ReadOnlySpan<InferenceRequest> batch)
    {
        var error = TryRun(batch);
        if (error is not null && batch.Length > 1)
        {
            foreach (ref readonly var request in batch) Answer(new ReadOnlySpan<InferenceRequest>(in request));
            return false;
        }
        foreach (var request in batch) request.Complete(error);
        return error is null;
    }

    private ServingError? TryRun(ReadOnlySpan<InferenceRequest> batch)
    {
        try
        {
            _runner.Run(batch);
            return null;
        }
        catch (InputException e)
        {
            return ServingError.Invalid(e.Message);
        }
        catch (Exception e)
        {
            return new ServingError(ServingErrorKind.Internal, $"The model failed while it ran: {e.Message}");
        }
    }

    private static int RowsOf(ReadOnlySpan<InferenceRequest> batch)
    {
        var rows = 0;
        foreach (var request in batch) rows += request.Rows;
        return rows;
    }
}
