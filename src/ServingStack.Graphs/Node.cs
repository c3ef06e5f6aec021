namespace ServingStack.Graphs;

/// <summary>
/// An operator applied to values. Inputs may hold null for an optional input that is left out. Edges stay consistent because inputs and
/// outputs change through the methods here only.
/// </summary>
public sealed class Node
{
    private readonly List<Value?> _inputs = [];
    private readonly List<Value> _outputs = [];

    public Node(string opType, IEnumerable<Value?> inputs, IEnumerable<Value> outputs, string name = "", string domain = "")
    {
        OpType = opType;
        Name = name;
        Domain = domain is "ai.onnx" ? "" : domain;
        foreach (var input in inputs) AddInput(input);
        foreach (var output in outputs) AddOutput(output);
    }

    public string Name { get; set; }

    public string OpType { get; set; }

    /// <summary>The operator set's domain; the standard one is the empty string.</summary>
    public string Domain { get; set; }

    /// <summary>Tells apart functions of one name; empty almost always.</summary>
    public string Overload { get; init; } = "";

    public AttributeMap Attributes { get; init; } = new();

    /// <summary>The graphs among the attributes (branches of If, bodies of Loop and Scan).</summary>
    public IEnumerable<Graph> Subgraphs => Attributes.SelectMany(a => a.Value switch
    {
        Graph graph => [graph],
        Graph[] graphs => graphs,
        _ => Enumerable.Empty<Graph>(),
    });

    public IReadOnlyList<Value?> Inputs => _inputs;

    /// <summary>The outputs; an optional output that nobody asked for has an empty name.</summary>
    public IReadOnlyList<Value> Outputs => _outputs;

    /// <summary>The input at <paramref name="index"/>, or null when it is left out.</summary>
    public Value? Input(int index) => index < _inputs.Count ? _inputs[index] : null;

    public void AddInput(Value? value)
    {
        _inputs.Add(value);
        value?.AddConsumer(this);
    }

    public void SetInput(int index, Value? value)
    {
        _inputs[index]?.RemoveConsumer(this);
        _inputs[index] = value;
        value?.AddConsumer(this);
    }

    public void RemoveInput(int index)
    {
        _inputs[index]?.RemoveConsumer(this);
        _inputs.RemoveAt(index);
    }

    public void AddOutput(Value value)
    {
        _outputs.Add(value);
        value.Producer = this;
    }

    /// <summary>Makes this node write <paramref name="value"/> instead of its output at <paramref name="index"/>.</summary>
    public void SetOutput(int index, Value value)
    {
        if (_outputs[index].Producer == this) _outputs[index].Producer = null;
        _outputs[index] = value;
        value.Producer = this;
    }

    /// <summary>Unties all edges; the node can then be dropped.</summary>
    internal void Detach()
    {
        foreach (var input in _inputs) input?.RemoveConsumer(this);
        _inputs.Clear();
        foreach (var output in _outputs)
            if (output.Producer == this) output.Producer = null;
        foreach (var inner in Subgraphs.SelectMany(g => g.Nodes)) inner.Detach();
    }

    public override string ToString() => $"{(Domain.Length == 0 ? "" : Domain + ".")}{OpType} '{Name}'";
}
