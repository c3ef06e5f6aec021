using ServingStack.Engine;
using ServingStack.Graphs;
using ServingStack.Serving.Errors;

namespace ServingStack.Serving.Requests;

/// <summary>What a model takes and gives, and the rules by which a request is checked against it. Immutable.</summary>
public sealed class ModelSignature
{
    private readonly Dictionary<string, int> _inputs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _outputs = new(StringComparer.Ordinal);

    /// <param name="maxRows">The largest batch; 1 when rows cannot be gathered.</param>
    /// <param name="batches">Whether extent 0 of every tensor is the batch.</param>
    public ModelSignature(string model, IReadOnlyList<TensorSpec> inputs, IReadOnlyList<TensorSpec> outputs, bool batches, int maxRows)
    {
        Model = model;
        Inputs = inputs;
        Outputs = outputs;
        Batches = batches;
        MaxRows = maxRows;
        for (var i = 0; i < inputs.Count; i++) _inputs[inputs[i].Name] = i;
        for (var i = 0; i < outputs.Count; i++) _outputs[outputs[i].Name] = i;
        OnlyBatchIsOpen = inputs.All(spec => spec.Shape.Skip(batches ? 1 : 0).All(d => d.IsFixed));
    }

    public string Model { get; }

    public IReadOnlyList<TensorSpec> Inputs { get; }

    public IReadOnlyList<TensorSpec> Outputs { get; }

    /// <summary>Whether extent 0 of every input and output is the batch.</summary>
    public bool Batches { get; }

    /// <summary>The largest batch, and so the largest extent 0 that a request may have.</summary>
    public int MaxRows { get; }

    /// <summary>Whether the inputs' extents are all numbers, but for the batch.</summary>
    public bool OnlyBatchIsOpen { get; }

    /// <summary>The place of an input; throws when the model has none of that name.</summary>
    public int InputIndex(string name) => IndexOf(_inputs, name, "input");

    /// <summary>The place of an output; throws when the model has none of that name.</summary>
    public int OutputIndex(string name) => IndexOf(_outputs, name, "output");

    /// <summary>Throws unless a tensor of this datatype and shape may be given for the input.</summary>
    public void CheckInput(int index, ElementType type, ReadOnlySpan<long> shape)
    {
        var spec = Inputs[index];
        if (type != spec.ElementType)
            throw ServingException.Invalid(
                $"Input '{spec.Name}' has datatype {Datatype.NameOf(type)}, model '{Model}' takes {Datatype.NameOf(spec.ElementType)}.");
        if (type.BitsOf() < 8)
            throw new ServingException(new(ServingErrorKind.Unsupported,
                $"Input '{spec.Name}' is {Datatype.NameOf(type)}, which this server cannot run; encode it as numbers before the model."));
        CheckShape(spec, shape);
    }

    /// <summary>Throws unless <paramref name="bytes"/> is what the input's shape takes.</summary>
    public void CheckByteCount(int index, ReadOnlySpan<long> shape, long bytes)
    {
        var spec = Inputs[index];
        var expected = spec.ElementType.BytesFor(ElementCount(spec.Name, shape));
        if (bytes != expected)
            throw ServingException.Invalid($"Input '{spec.Name}' of shape {Print(shape)} and datatype {Datatype.NameOf(spec.ElementType)} "
                + $"takes {expected} bytes, got {bytes}: send exactly the shape's elements, little-endian, without padding.");
    }

    /// <summary>The product of the extents; throws when it does not fit a machine's memory.</summary>
    public static long ElementCount(string tensor, ReadOnlySpan<long> shape)
    {
        var count = 1L;
        foreach (var extent in shape)
        {
            if (extent < 0) throw ServingException.Invalid($"Tensor '{tensor}' has shape {Print(shape)}: extents are 0 or more.");
            if (extent > 0 && count > int.MaxValue / extent)
                throw ServingException.Invalid($"Tensor '{tensor}' has shape {Print(shape)}: more elements than a request can carry.");
            count *= extent;
        }
        return count;
    }

    /// <summary>The extents as an error message shows them.</summary>
    public static string Print(ReadOnlySpan<long> shape) => $"[{string.Join(", ", shape.ToArray())}]";

    private void CheckShape(TensorSpec spec, ReadOnlySpan<long> shape)
    {
        ElementCount(spec.Name, shape);
        if (!Fits(spec.Shape, shape))
            throw ServingException.Invalid($"Input '{spec.Name}' has shape {Print(shape)}, model '{Model}' takes {Describe(spec.Shape)}.");
        if (Batches && shape[0] > MaxRows)
            throw ServingException.Invalid($"Input '{spec.Name}' has a batch of {shape[0]}, model '{Model}' takes {MaxRows} at most: "
                + "split the request, or raise max_batch_size in the model's model.json.");
    }

    private static bool Fits(Shape expected, ReadOnlySpan<long> shape)
    {
        if (shape.Length != expected.Rank) return false;
        for (var i = 0; i < shape.Length; i++)
            if (expected[i].IsFixed ? expected[i].Value != shape[i] : shape[i] < 1) return false;
        return true;
    }

    private string Describe(Shape shape) =>
        Batches ? $"{shape}, where {shape[0]} is the batch, 1 to {MaxRows}" : shape.ToString();

    private int IndexOf(Dictionary<string, int> places, string name, string what) => places.TryGetValue(name, out var index)
        ? index
        : throw ServingException.Invalid(
            $"Model '{Model}' has no {what} '{name}', only {string.Join(", ", places.Keys.Select(k => $"'{k}'"))}.");
}
