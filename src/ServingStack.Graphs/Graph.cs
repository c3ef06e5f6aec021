namespace ServingStack.Graphs;

/// <summary>
/// A model as data: nodes in topological order, and the values between them. Knows nothing of how it is run. Not thread-safe.
/// </summary>
public sealed class Graph
{
    private readonly List<Node> _nodes = [];
    private readonly HashSet<string> _names;
    private int _freshNames;

    public Graph(string name = "graph")
        : this(name, new HashSet<string>(StringComparer.Ordinal))
    {
    }

    private Graph(string name, HashSet<string> names) => (Name, _names) = (name, names);

    public string Name { get; set; }

    /// <summary>Where the graph was read from, for error messages; the graph's name when it was built in memory.</summary>
    public string Source
    {
        get => field ?? Name;
        set;
    }

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
        Reserve(name);
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
        ReserveNames(node);
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

    /// <summary>The node's position in the order; -1 when it is not in this graph.</summary>
    public int IndexOf(Node node) => _nodes.IndexOf(node);

    public void InsertBefore(Node anchor, Node node) => Insert(_nodes.IndexOf(anchor), node);

    public void InsertAfter(Node anchor, Node node) => Insert(_nodes.IndexOf(anchor) + 1, node);

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
    public string FreshName(string stem)
    {
        string name;
        do name = $"{stem}_{_freshNames++}";
        while (!_names.Add(name));
        return name;
    }

    /// <summary>
    /// A graph for an attribute of one of this graph's nodes: it shares the pool of names, so that no name shadows another.
    /// </summary>
    public Graph NewSubgraph(string name)
    {
        var subgraph = new Graph(name, _names) { Source = Source };
        foreach (var (domain, version) in Opsets) subgraph.Opsets[domain] = version;
        return subgraph;
    }

    /// <summary>Keeps <paramref name="name"/> from being given out by <see cref="FreshName"/>.</summary>
    public void Reserve(string name) => _names.Add(name);

    internal void SetNodes(IEnumerable<Node> nodes)
    {
        var ordered = nodes.ToArray();
        _nodes.Clear();
        _nodes.AddRange(ordered);
    }

    private void Insert(int index, Node node)
    {
        _nodes.Insert(index, node);
        ReserveNames(node);
    }

    private void ReserveNames(Node node)
    {
        Reserve(node.Name);
        foreach (var output in node.Outputs) Reserve(output.Name);
        foreach (var input in node.Inputs)
            if (input is not null) Reserve(input.Name);
    }
}
