using ServingStack.Engine;
using ServingStack.Serving.Requests;

namespace ServingStack.Serving.Batching;

/// <summary>
/// Runs batches of requests on one session: rows are copied side by side into the plan's inputs, and slices of its outputs back out.
/// One thread at a time.
/// </summary>
internal sealed class BatchRunner : IDisposable
{
    private readonly Session _session;
    private readonly ModelSignature _signature;
    private readonly int[] _sizes;
    private readonly long[][] _shapes;

    public BatchRunner(Session session, ModelSignature signature, int[] sizes)
    {
        (_session, _signature, _sizes) = (session, signature, sizes);
        _shapes = [.. signature.Inputs.Select(i => new long[i.Shape.Rank])];
    }

    /// <summary>The plan of the last run; null before the first.</summary>
    public Plan? LastPlan { get; private set; }

    /// <summary>The rows that the last run computed, those left over included.</summary>
    public int LastSize { get; private set; }

    /// <summary>
    /// Runs the requests as one batch and gives each its outputs. All have equal shapes, and together the largest size at most.
    /// </summary>
    public void Run(ReadOnlySpan<InferenceRequest> batch)
    {
        var rows = 0;
        foreach (var request in batch) rows += request.Rows;
        var plan = PlanFor(batch[0], rows);
        for (var i = 0; i < plan.InputCount; i++) GatherInput(batch, i, plan.Input(i));
        plan.Run();
        for (var i = 0; i < plan.OutputCount; i++) ScatterOutput(batch, i, plan);
    }

    public void Dispose() => _session.Dispose();

    private Plan PlanFor(InferenceRequest first, int rows)
    {
        LastSize = _signature.Batches ? BatchSizes.For(rows, _sizes) : 1;
        return LastPlan = _signature is { Batches: true, OnlyBatchIsOpen: true } ? _session.PlanForBatch(LastSize) : PlanForShapes(first);
    }

    private Plan PlanForShapes(InferenceRequest first)
    {
        for (var i = 0; i < _shapes.Length; i++)
        {
            first.Input(i).Shape.CopyTo(_shapes[i], 0);
            if (_signature.Batches) _shapes[i][0] = LastSize;
        }
        return _session.PlanFor(_shapes);
    }

    private static void GatherInput(ReadOnlySpan<InferenceRequest> batch, int index, Span<byte> destination)
    {
        foreach (var request in batch)
        {
            var bytes = request.Input(index).Bytes.Span;
            bytes.CopyTo(destination);
            destination = destination[bytes.Length..];
        }
        // Rows left over hold zeros, not what an earlier request left there: a run must not depend on the ones before it.
        destination.Clear();
    }

    private void ScatterOutput(ReadOnlySpan<InferenceRequest> batch, int index, Plan plan)
    {
        var bytes = plan.Output(index);
        var shape = plan.OutputShape(index);
        if (!_signature.Batches)
        {
            batch[0].Outputs[index].Take(bytes, shape, 0);
            return;
        }
        var bytesPerRow = bytes.Length / LastSize;
        foreach (var request in batch)
        {
            var length = bytesPerRow * request.Rows;
            request.Outputs[index].Take(bytes[..length], shape, request.Rows);
            bytes = bytes[length..];
        }
    }
}
