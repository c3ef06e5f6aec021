namespace ServingStack.Graphs;

/// <summary>
/// A model as data: nodes in topological order, and the values between them. Knows nothing of how it is run. Not thread-safe.
/// </summary>
public sealed class Graph
{
    private readonly List<Node> _nodes = [];
    private int _freshNames;

    public Graph(string name = "graph") => Name = name;

    public string Name { get; set; }

    /// <summary>Inputs without those that have a default constant.</summary>
    public List<Value> Inputs { get; } = [];

    public List<Value> Outputs { get; } = [];

    /// <summary>Nodes, each after the producers of its inputs.</summary>
    public IReadOnlyList<Node> Nodes => _nodes;

    /// <summary>Operator set versions by domain; the standard domain is the empty string.</summary>
    public Dictionary<string, long> Opsets { get; } = new(StringComparer.Ordinal) { [""] = 21 };

    /// <summary>Free text by key, saved as ONNX metadata.</summary>
    public Dictionary<string, string> Metadata { get; } = new(StringComparer.Ordinal);

    /// <summary>Model-local functions: bodies in standard operators, for operators of a domain of ours.</summary>
    public List<GraphFunction> Functions { get; } = [];

    public long Opset => Opsets[""];

    public Value AddInput(string name, ElementType type, Shape shape)
    {
        var value = new Value(name) { ElementType = type, Shape = shape };
        Inputs.Add(value);
        return value;
    }

    /// <summary>A constant value; tensors are shared, not copied.</summary>
    public Value AddConstant(Tensor tensor, string? name = null) =>
        new(name ?? FreshName("constant")) { ElementType = tensor.ElementType, Shape = tensor.Shape, Constant = tensor };

    /// <summary>Appends a node; the caller keeps the topological order.</summary>
    public Node Add(Node node)
    {
        _nodes.Add(node);
        return node;
    }

    /// <summary>Appends a node with one fresh output and returns that output.</summary>
    public Value Add(string opType, params ReadOnlySpan<Value?> inputs) => Add(opType, null, inputs);

    /// <summary>Appends a node with attributes and one fresh output, and returns that output.</summary>
    public Value Add(string opType, AttributeMap? attributes, params ReadOnlySpan<Value?> inputs)
    {
        var name = FreshName(opType.ToLowerInvariant());
        var output = new Value(name);
        Add(new Node(opType, inputs.ToArray(), [output], name) { Attributes = attributes ?? new() });
        return output;
    }

    public void InsertBefore(Node anchor, Node node) => _nodes.Insert(_nodes.IndexOf(anchor), node);

    public void InsertAfter(Node anchor, Node node) => _nodes.Insert(_nodes.IndexOf(anchor) + 1, node);

    /// <summary>Drops a node; its outputs must have no reader left.</summary>
    public void Remove(Node node)
    {
        node.Detach();
        _nodes.Remove(node);
    }

    /// <summary>Makes every reader of <paramref name="old"/>, the graph's outputs included, read <paramref name="replacement"/>.</summary>
    public void ReplaceUses(Value old, Value replacement)
    {
        foreach (var consumer in old.Consumers.ToArray())
            for (var i = 0; i < consumer.Inputs.Count; i++)
                if (consumer.Inputs[i] == old) consumer.SetInput(i, replacement);
        for (var i = 0; i < Outputs.Count; i++)
            if (Outputs[i] == old) Outputs[i] = replacement;
    }

    public bool IsOutput(Value value) => Outputs.Contains(value);

    /// <summary>A name that no value or node of this graph has yet.</summary>
    public string FreshName(string stem) => $"{stem}_{_freshNames++}";

    internal void SetNodes(IEnumerable<Node> nodes)
    {
        var ordered = nodes.ToArray();
        _nodes.Clear();
        _nodes.AddRange(ordered);
    }
}
