using ServingStack.Client;
using ServingStack.LoadTest.Arguments;

namespace ServingStack.LoadTest.Requests;

/// <summary>Makes requests up from what the server says of the model: the same seed makes the same ones.</summary>
internal sealed class RequestGenerator(ModelMetadata model, int batch, IReadOnlyDictionary<string, InputRange[]> ranges)
{
    /// <summary>Different inputs, so that no cache on the way makes the load easier than it is; few, so that they stay in memory.</summary>
    private const int Variety = 32;

    public InferRequest[] Create(string name, string? version, TimeSpan timeout, int seed)
    {
        var known = model.Inputs.Select(input => input.Name);
        if (ranges.Keys.Except(known).FirstOrDefault() is { } stranger)
            throw new UsageException($"--input-range names '{stranger}': model '{name}' has the inputs {string.Join(", ", known)}.");
        var random = new Random(seed);
        return [.. Enumerable.Range(0, Variety).Select(_ => new InferRequest
        {
            Model = name,
            Version = version,
            Timeout = timeout,
            Inputs = [.. model.Inputs.Select(input => CreateInput(input, random))],
        })];
    }

    private InferTensor CreateInput(TensorMetadata input, Random random)
    {
        var fill = ElementFill.For(input.Datatype.Name)
            ?? throw new UsageException($"Input '{input.Name}' is {input.Datatype}, which cannot be made up: give --request FILE.");
        long[] shape = [.. input.Shape.Select((extent, axis) => ExtentOf(input, extent, axis))];
        var count = checked((int)shape.Aggregate(1L, (product, extent) => product * extent));
        var drawnFrom = ranges.GetValueOrDefault(input.Name) ?? LabelRanges.Find(model, input) ?? [fill.Usual];
        try
        {
            return new InferTensor(input.Name, input.Datatype, shape, fill.Bytes(count, random, drawnFrom));
        }
        catch (ArgumentOutOfRangeException)
        {
            throw new UsageException($"--input-range of '{input.Name}' is wider than {input.Datatype} can hold: narrow it.");
        }
    }

    /// <summary>The first free extent is the batch; any other is 1.</summary>
    private long ExtentOf(TensorMetadata input, long extent, int axis)
    {
        if (extent < 0) return axis == 0 ? batch : 1;
        if (axis == 0 && batch != 1)
        {
            var shape = string.Join(", ", input.Shape);
            throw new UsageException($"--batch is {batch}: input '{input.Name}' has the fixed shape [{shape}]; leave --batch out.");
        }
        return extent;
    }
}
