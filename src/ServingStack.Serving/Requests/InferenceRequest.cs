using ServingStack.Serving.Batching;
using ServingStack.Serving.Errors;

namespace ServingStack.Serving.Requests;

/// <summary>
/// One request on its way through a model: filled by a protocol's reader, run by the model, read by the protocol's writer, then disposed.
/// Inputs and outputs stand in the order of the model's signature. Not thread-safe; the model has it to itself from submission to answer.
/// </summary>
public sealed class InferenceRequest : IDisposable
{
    private readonly RequestInput?[] _inputs;
    private readonly RequestOutput[] _outputs;
    private readonly TaskCompletionSource<ServingError?> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public InferenceRequest(ModelSignature signature)
    {
        Signature = signature;
        _inputs = new RequestInput?[signature.Inputs.Count];
        _outputs = [.. signature.Outputs.Select(spec => new RequestOutput(spec))];
    }

    public ModelSignature Signature { get; }

    /// <summary>The client's name for the request, given back with the answer; empty for none.</summary>
    public string Id { get; set; } = "";

    /// <summary>How long after submission the answer is worth something; null for as long as the model allows.</summary>
    public TimeSpan? Timeout { get; set; }

    /// <summary>Signalled when the client leaves; a request that has not run by then never does.</summary>
    public CancellationToken Cancellation { get; set; }

    public IReadOnlyList<RequestOutput> Outputs => _outputs;

    /// <summary>What it takes of a batch.</summary>
    public int Rows { get; private set; }

    internal ShapeKey Shapes { get; private set; } = ShapeKey.Fixed;

    internal long Arrival { get; set; }

    internal long Deadline { get; set; } = long.MaxValue;

    /// <summary>When its batch was formed; 0 when it never ran.</summary>
    internal long Started { get; set; }

    /// <summary>Null once the outputs are there, or why they never will be.</summary>
    internal Task<ServingError?> Answer => _answer.Task;

    /// <summary>Gives an input its value; throws unless datatype, shape and size are the model's.</summary>
    public void SetInput(int index, long[] shape, ReadOnlyMemory<byte> bytes)
    {
        var spec = Signature.Inputs[index];
        Signature.CheckInput(index, spec.ElementType, shape);
        Signature.CheckByteCount(index, shape, bytes.Length);
        if (_inputs[index] is not null) throw ServingException.Invalid($"Input '{spec.Name}' is given twice; send each input once.");
        _inputs[index] = new RequestInput(shape, bytes);
    }

    public RequestInput Input(int index) =>
        _inputs[index] ?? throw new InvalidOperationException($"Input '{Signature.Inputs[index].Name}' has no value yet.");

    /// <summary>Checks the inputs as a whole, and makes room for the outputs. To be called once, before submission.</summary>
    public void Seal()
    {
        for (var i = 0; i < _inputs.Length; i++)
            if (_inputs[i] is null)
                throw ServingException.Invalid(
                    $"Input '{Signature.Inputs[i].Name}' is missing; model '{Signature.Model}' takes {_inputs.Length} inputs.");
        CheckSharedExtents();
        Rows = Signature.Batches ? (int)Input(0).Shape[0] : 1;
        if (!Signature.OnlyBatchIsOpen) Shapes = KeyOfShapes();
        foreach (var output in _outputs) output.Reserve(Rows, Signature.Batches);
    }

    /// <summary>Returns the outputs' memory; nothing of the request may be used afterwards.</summary>
    public void Dispose()
    {
        foreach (var output in _outputs) output.Release();
    }

    /// <summary>Ends the request: null for success. Only the first call counts.</summary>
    internal void Complete(ServingError? error) => _answer.TrySetResult(error);

    /// <summary>Extents with the same symbol must be equal over all inputs.</summary>
    private void CheckSharedExtents()
    {
        if (_inputs.Length == 1 && Signature.OnlyBatchIsOpen) return;
        var seen = new Dictionary<string, (long Extent, string Input)>(StringComparer.Ordinal);
        for (var i = 0; i < _inputs.Length; i++)
        {
            var spec = Signature.Inputs[i];
            for (var axis = 0; axis < spec.Shape.Rank; axis++)
            {
                if (SymbolOf(spec.Shape[axis], axis) is not { } symbol) continue;
                var extent = Input(i).Shape[axis];
                if (!seen.TryAdd(symbol, (extent, spec.Name)) && seen[symbol].Extent != extent)
                    throw ServingException.Invalid($"Inputs '{seen[symbol].Input}' and '{spec.Name}' differ in '{symbol}', "
                        + $"{seen[symbol].Extent} and {extent}: it must be the same in one request.");
            }
        }
    }

    private string? SymbolOf(Graphs.Dimension extent, int axis) => extent.IsFixed ? null
        : extent.Symbol ?? (axis == 0 && Signature.Batches ? "batch" : null);

    private ShapeKey KeyOfShapes()
    {
        var extents = new List<long>();
        for (var i = 0; i < _inputs.Length; i++) extents.AddRange(Input(i).Shape.AsSpan(Signature.Batches ? 1 : 0));
        return new ShapeKey([.. extents]);
    }
}
