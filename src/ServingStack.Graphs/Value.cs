namespace ServingStack.Graphs;

/// <summary>
/// An edge of the graph: what a node produces, a graph input, or a constant. Compared by reference; the name is unique in its graph.
/// Nodes of a subgraph read values of the graphs around it directly.
/// </summary>
public sealed class Value(string name)
{
    private readonly List<Node> _consumers = [];

    public string Name { get; set; } = name;

    public ElementType ElementType { get; set; }

    /// <summary>The shape as far as it is known; null when not even the rank is.</summary>
    public Shape? Shape { get; set; }

    /// <summary>The type of a value that is no tensor (sequence, map, optional, sparse), kept as it was read; null for tensors.</summary>
    public OpaqueProto? ContainerType { get; set; }

    /// <summary>The data of a constant, null otherwise.</summary>
    public Tensor? Constant { get; set; }

    /// <summary>The node that writes this value, null for graph inputs and constants.</summary>
    public Node? Producer { get; internal set; }

    /// <summary>The nodes that read this value, once per use, in no particular order.</summary>
    public IReadOnlyList<Node> Consumers => _consumers;

    public bool IsConstant => Constant is not null;

    internal void AddConsumer(Node node) => _consumers.Add(node);

    internal void RemoveConsumer(Node node) => _consumers.Remove(node);

    /// <summary>For example <c>%conv1: Float32[batch, 16, 32, 32]</c>.</summary>
    public override string ToString() => $"%{Name}: {ElementType}{Shape?.ToString() ?? "[...]"}";
}
