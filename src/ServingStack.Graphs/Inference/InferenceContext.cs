using ServingStack.Graphs.Onnx;
using ServingStack.Graphs.Operators;

namespace ServingStack.Graphs.Inference;

/// <summary>
/// What an operator's rule sees of its node: the attributes, what is known of the inputs, and where to say the same of the outputs.
/// </summary>
internal sealed class InferenceContext(Node node, AttributeMap attributes, ValueFacts?[] inputs, InferenceEngine engine)
{
    private readonly ValueFacts[] _outputs = [.. Enumerable.Repeat(ValueFacts.Nothing, node.Outputs.Count)];

    public Node Node => node;

    /// <summary>The node's attributes, references to a calling function's attributes resolved.</summary>
    public AttributeMap Attributes => attributes;

    public int InputCount => inputs.Length;

    public int OutputCount => _outputs.Length;

    public IReadOnlyList<ValueFacts> Outputs => _outputs;

    public InferenceEngine Engine => engine;

    public bool Has(int input) => input < inputs.Length && inputs[input] is not null;

    public ValueFacts Input(int input) => (input < inputs.Length ? inputs[input] : null) ?? ValueFacts.Nothing;

    public ElementType TypeOf(int input) => Input(input).ElementType;

    public Shape? ShapeOf(int input) => Input(input).Shape;

    public Tensor? DataOf(int input) => Input(input).Data;

    /// <summary>The elements of an integer input of rank 0 or 1, as far as known; null when nothing is.</summary>
    public SymbolicInteger[]? IntegersOf(int input) => Input(input).Integers?.Items;

    /// <summary>The elements of an integer input, when all are known.</summary>
    public long[]? NumbersOf(int input) =>
        Input(input).Integers is { IsKnown: true } integers ? Array.ConvertAll(integers.Items, i => i.Number!.Value) : null;

    public void Set(int output, ElementType type, Shape? shape) => Set(output, new ValueFacts(type, shape));

    public void Set(int output, ValueFacts facts)
    {
        if (output < _outputs.Length) _outputs[output] = facts;
    }

    /// <summary>Gives an integer output its elements; when all are known it becomes data.</summary>
    public void SetIntegers(int output, SymbolicIntegers integers)
    {
        if (integers.Items.Length > SymbolicIntegers.MaxLength || output >= _outputs.Length) return;
        var facts = _outputs[output];
        _outputs[output] = facts with { Integers = integers, Data = integers.ToTensor(facts.ElementType) };
    }

    /// <summary>The shape that an input holds as data; its rank alone where only its length is known.</summary>
    public Shape? ShapeFrom(int input) => IntegersOf(input) is { } items ? new Shape(items.Select(i => i.ToDimension()))
        : ShapeOf(input) is [{ IsFixed: true } rank] ? DimensionAlgebra.UnknownOf(rank.Value) : null;

    /// <summary>Fails unless the input's rank is unknown or within the bounds.</summary>
    public void RequireRank(int input, int least, int most = int.MaxValue)
    {
        if (ShapeOf(input) is not { } shape || (shape.Rank >= least && shape.Rank <= most)) return;
        var bounds = least == most ? $"{least}" : most == int.MaxValue ? $"{least} or more" : $"{least} to {most}";
        throw Fail($"Input {input} has shape {shape}; its rank must be {bounds}.");
    }

    /// <summary>An axis counted from the front; fails when it is outside the rank.</summary>
    public int Axis(long axis, int rank) => axis >= -rank && axis < rank
        ? (int)(axis < 0 ? axis + rank : axis)
        : throw Fail($"Axis {axis} is outside a tensor of rank {rank}.");

    public GraphLoadException Fail(string problem) => engine.Fail(node, problem);
}
