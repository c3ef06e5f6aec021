using ServingStack.Graphs;

namespace ServingStack.Benchmarks;

/// <summary>A model of a single operator, for the peer.</summary>
internal sealed record OneOperator(string Name, (ElementType Type, long[] Shape)[] Inputs, (ElementType Type, long[] Shape) Output)
{
    public AttributeMap Attributes { get; init; } = [];

    /// <summary>After the inputs.</summary>
    public Tensor[] Constants { get; init; } = [];

    public static Tensor Scalar<T>(T value) where T : unmanaged => Tensor.Scalar(value);

    public static Tensor Floats(long count) => Tensor.From<float>(Numbers.Floats((int)count), count);

    public Graph Graph()
    {
        var graph = new Graph(Name);
        var inputs = Inputs.Select((input, i) => graph.AddInput($"x{i}", input.Type, Shape.Of(input.Shape)));
        var y = graph.Add(Name, Attributes, [.. inputs, .. Constants.Select(constant => graph.AddConstant(constant))]);
        y.ElementType = Output.Type;
        y.Shape = Shape.Of(Output.Shape);
        graph.Outputs.Add(y);
        return graph;
    }
}
