using ServingStack.Graphs;

namespace ServingStack.Compression.Quantization;

/// <summary>Decides which nodes of a graph compute on quantized numbers, in topological order.</summary>
internal sealed class QuantizationScope
{
    private readonly HashSet<Node> _nodes = [];

    public QuantizationScope(Graph graph, Int8Options options)
    {
        Node[] layers = [.. graph.Nodes.Where(n => QuantizableOperators.RoleOf(n) == QuantizedRole.Layer
            && QuantizableOperators.ChannelAxis(n) is not null)];
        HashSet<Node> kept = [.. graph.Nodes.Where(n => options.Keep.Contains(n.Name))];
        if (options.KeepFirst && layers.Length > 0) kept.Add(layers[0]);
        if (options.KeepLast && layers.Length > 0) kept.Add(layers[^1]);
        foreach (var node in graph.Nodes)
            if (!kept.Contains(node) && IsQuantized(graph, node)) _nodes.Add(node);
    }

    public bool Contains(Node node) => _nodes.Contains(node);

    /// <summary>The nodes in scope, in the graph's order.</summary>
    public IEnumerable<Node> In(Graph graph) => graph.Nodes.Where(_nodes.Contains);

    /// <summary>The activations that must be quantized: what nodes in scope read, except what a clamp reads from its own
    /// operator.</summary>
    public IReadOnlySet<Value> Activations(Graph graph) => In(graph)
        .Where(n => QuantizableOperators.RoleOf(n) != QuantizedRole.Activation)
        .SelectMany(n => QuantizableOperators.Activations(n).Select(i => n.Inputs[i]!))
        .ToHashSet();

    private bool IsQuantized(Graph graph, Node node) => QuantizableOperators.RoleOf(node) switch
    {
        QuantizedRole.Layer => QuantizableOperators.ChannelAxis(node) is not null && node.Inputs[0] is { Constant: null },
        QuantizedRole.Arithmetic when QuantizableOperators.IsAffineProduct(node) => IsQuantized(node.Inputs[0]),
        QuantizedRole.Arithmetic => node.Inputs.All(IsQuantized) && SameShapes(node),
        QuantizedRole.Move => IsQuantized(node.Inputs[0]),
        QuantizedRole.Activation => node.Inputs[0]!.Producer is { } before && _nodes.Contains(before)
            && QuantizableOperators.RoleOf(before) is QuantizedRole.Layer or QuantizedRole.Arithmetic or QuantizedRole.Activation
            && node.Inputs[0]!.Consumers.Count == 1 && !graph.IsOutput(node.Inputs[0]!),
        _ => false,
    };

    private bool IsQuantized(Value? value) => value?.Producer is { } producer && _nodes.Contains(producer);

    // Kernels on integers add and multiply element by element; broadcasting stays in floats.
    private static bool SameShapes(Node node) =>
        node.OpType is not ("Add" or "Mul") || (node.Inputs[0]!.Shape is { } shape && shape.Equals(node.Inputs[1]!.Shape));
}
