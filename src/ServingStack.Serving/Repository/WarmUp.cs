using System.Runtime.InteropServices;
using ServingStack.Engine;
using ServingStack.Graphs;
using ServingStack.Serving.Batching;
using ServingStack.Serving.Errors;
using ServingStack.Serving.Requests;

namespace ServingStack.Serving.Repository;

/// <summary>What a warm-up found out.</summary>
/// <param name="RowsAreIndependent">Whether rows that ran together gave, bit for bit, what they gave alone.</param>
/// <param name="Durations">Rows and ticks of batches, for the batcher to start from.</param>
internal sealed record WarmUpResult(
    bool RowsAreIndependent, string Note, int FallbackOperators, IReadOnlyList<(int Rows, long Ticks)> Durations);

/// <summary>
/// Builds every plan before the model is ready, and checks on the way that batching is sound: a row must give the same bits in every batch
/// size as alone. A model that fails (it mixes rows, or its runtime sums in another order for another size) runs its requests one by one.
/// </summary>
internal sealed class WarmUp(CompiledModel model, ModelSignature signature, int[] sizes, TimeProvider time)
{
    private const int Seed = 20261124;

    // A few different rows, repeated to fill a batch: neighbours must differ, or mixing them would not show.
    private const int DistinctRows = 3;

    public WarmUpResult Run(IReadOnlyList<BatchRunner> runners)
    {
        if (!signature.OnlyBatchIsOpen)
            return new(true, "Plans are built when a shape comes first, because extents besides the batch are open.", 0, []);
        var (rows, alone) = RunRowsAlone(runners[0]);
        var fallback = runners[0].LastPlan!.FallbackSteps;
        if (!signature.Batches)
        {
            foreach (var runner in runners.Skip(1)) RunAlone(runner, rows[0]);
            return new(true, "", fallback, [Time(1, () => RunAlone(runners[0], rows[0]))]);
        }

        var unsound = sizes.FirstOrDefault(size => !SameAsAlone(runners[0], size, rows, alone));
        foreach (var runner in runners.Skip(1))
            foreach (var size in sizes) RunTogether(runner, size, rows);
        var durations = sizes.Select(size => Time(size, () => RunTogether(runners[0], size, rows))).ToArray();
        var note = unsound == 0 ? "" : $"Requests run one by one: rows in a batch of {unsound} give other bits than alone.";
        return new(unsound == 0, note, fallback, durations);
    }

    /// <summary>Small integers may be indices out of range that only the run notices; then integers are 0.</summary>
    private (byte[][][] Rows, byte[][][] Outputs) RunRowsAlone(BatchRunner runner)
    {
        var rows = RandomRows(smallIntegers: 4);
        try
        {
            return (rows, [.. rows.Select(r => RunAlone(runner, r))]);
        }
        catch (Exception e) when (e is not ServingException)
        {
            rows = RandomRows(smallIntegers: 1);
            return (rows, [.. rows.Select(r => RunAlone(runner, r))]);
        }
    }

    private bool SameAsAlone(BatchRunner runner, int size, byte[][][] rows, byte[][][] alone)
    {
        var together = RunTogether(runner, size, rows);
        for (var row = 0; row < size; row++)
            for (var output = 0; output < together[row].Length; output++)
                if (!together[row][output].AsSpan().SequenceEqual(alone[row % rows.Length][output])) return false;
        return true;
    }

    private byte[][] RunAlone(BatchRunner runner, byte[][] row) => Run(runner, [row])[0];

    private byte[][][] RunTogether(BatchRunner runner, int size, byte[][][] rows) =>
        Run(runner, [.. Enumerable.Range(0, size).Select(i => rows[i % rows.Length])]);

    private byte[][][] Run(BatchRunner runner, byte[][][] rows)
    {
        var requests = rows.Select(RequestFor).ToArray();
        runner.Run(requests);
        var outputs = requests.Select(r => r.Outputs.Select(o => o.Bytes.ToArray()).ToArray()).ToArray();
        foreach (var request in requests) request.Dispose();
        return outputs;
    }

    private InferenceRequest RequestFor(byte[][] row)
    {
        var request = new InferenceRequest(signature);
        for (var i = 0; i < row.Length; i++) request.SetInput(i, ShapeOfRow(i), row[i]);
        request.Seal();
        return request;
    }

    private (int Rows, long Ticks) Time(int rows, Action run)
    {
        var start = time.GetTimestamp();
        run();
        return (rows, time.GetTimestamp() - start);
    }

    private byte[][][] RandomRows(int smallIntegers) => [.. Enumerable.Range(0, DistinctRows).Select(row =>
        signature.Inputs.Select((_, i) => RandomInput(i, smallIntegers, new Random(Seed + (row * 1000) + i))).ToArray())];

    private byte[] RandomInput(int index, int smallIntegers, Random random)
    {
        var type = signature.Inputs[index].ElementType;
        var count = (int)ModelSignature.ElementCount(signature.Inputs[index].Name, ShapeOfRow(index));
        var bytes = new byte[type.BytesFor(count)];
        if (type == ElementType.Float32) Fill(MemoryMarshal.Cast<byte, float>(bytes.AsSpan()), () => random.NextSingle());
        else if (type == ElementType.Float64) Fill(MemoryMarshal.Cast<byte, double>(bytes.AsSpan()), random.NextDouble);
        else if (type is ElementType.UInt8 or ElementType.Int8) random.NextBytes(bytes);
        else if (type == ElementType.Int64) Fill(MemoryMarshal.Cast<byte, long>(bytes.AsSpan()), () => random.Next(smallIntegers));
        else if (type == ElementType.Int32) Fill(MemoryMarshal.Cast<byte, int>(bytes.AsSpan()), () => random.Next(smallIntegers));
        return Allowed(index, bytes) ? bytes : new byte[bytes.Length];
    }

    private bool Allowed(int index, byte[] bytes)
    {
        try
        {
            model.CheckInput(index, bytes);
            return true;
        }
        catch (InputException)
        {
            return false;
        }
    }

    private long[] ShapeOfRow(int index) =>
        [.. signature.Inputs[index].Shape.Select((extent, axis) => axis == 0 && signature.Batches ? 1 : extent.Value)];

    private static void Fill<T>(Span<T> values, Func<T> next)
    {
        foreach (ref var value in values) value = next();
    }
}
