namespace ServingStack.Graphs.Inference;

/// <summary>
/// The result of shape inference: facts of each value of a graph, its subgraphs included. The graph itself is left as it is.
/// </summary>
public sealed class InferredGraph
{
    private readonly Dictionary<Value, ValueFacts> _facts = [];
    private readonly IReadOnlyDictionary<string, long> _symbols;

    internal InferredGraph(IReadOnlyDictionary<string, long> symbols) => _symbols = symbols;

    /// <summary>What is known of a value; constants know all, values that were not inferred what they declare.</summary>
    public ValueFacts Of(Value value) => _facts.TryGetValue(value, out var facts) ? facts : Declared(value);

    /// <summary>The shape of a value as far as it is known; null when not even the rank is.</summary>
    public Shape? ShapeOf(Value value) => Of(value).Shape;

    internal void Set(Value value, ValueFacts facts) => _facts[value] = facts;

    /// <summary>What the file says of a value, with the symbols that have become numbers replaced.</summary>
    internal ValueFacts Declared(Value value) => value.Constant is { } tensor
        ? new(tensor.ElementType, tensor.Shape, tensor)
        : new(value.ElementType, value.Shape is null ? null
            : new Shape(value.Shape.Select(Substitute)))
        { ContainerType = value.ContainerType };

    private Dimension Substitute(Dimension dimension) =>
        dimension.Symbol is { } symbol && _symbols.TryGetValue(symbol, out var number) ? number : dimension;
}
