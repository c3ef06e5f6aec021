using ServingStack.Graphs.Onnx.Proto;

namespace ServingStack.Graphs.Onnx;

/// <summary>
/// Reads one graph (the main one, a subgraph, or a function's body) into <paramref name="graph"/>. Names are resolved in this graph first,
/// then in the graphs around it.
/// </summary>
internal sealed class GraphReader(LoadContext context, Graph graph, GraphReader? outer)
{
    private readonly Dictionary<string, Value> _values = new(StringComparer.Ordinal);
    private readonly TensorReader _tensors = new(context);

    public Graph Read(GraphProto proto)
    {
        if (proto.SparseInitializer.Count > 0)
            throw context.Fail($"Initializer '{proto.SparseInitializer[0].Values?.Name}' is sparse, which is not read.",
                "Store it as a dense initializer.");
        foreach (var initializer in proto.Initializer) ReadInitializer(initializer);
        foreach (var input in proto.Input) ReadInput(input);
        ReadNodes(proto.Node, proto.ValueInfo.Concat(proto.Output));
        foreach (var output in proto.Output) graph.Outputs.Add(OutputOf(output.Name));
        SortNodes();
        return graph;
    }

    public void ReadFunctionBody(FunctionProto proto)
    {
        foreach (var input in proto.Input) graph.Inputs.Add(Define(input));
        ReadNodes(proto.Node, proto.ValueInfo);
        foreach (var output in proto.Output) graph.Outputs.Add(Resolve(output, "the function's output"));
        SortNodes();
    }

    private void ReadInitializer(TensorProto proto)
    {
        var tensor = _tensors.Read(proto, $"initializer '{proto.Name}'");
        var value = Define(proto.Name);
        (value.Constant, value.ElementType, value.Shape) = (tensor, tensor.ElementType, tensor.Shape);
    }

    /// <summary>An input that has an initializer is a constant with an optional override; we take it as the constant.</summary>
    private void ReadInput(ValueInfoProto info)
    {
        if (_values.TryGetValue(info.Name, out var known) && known.IsConstant) return;
        var value = Define(info.Name);
        TypeReader.Apply(info.Type, value, context);
        graph.Inputs.Add(value);
    }

    private void ReadNodes(IReadOnlyList<NodeProto> nodes, IEnumerable<ValueInfoProto> infos)
    {
        foreach (var node in nodes)
        {
            context.Node = node;
            foreach (var output in node.Output)
                if (output.Length > 0) Define(output);
        }
        context.Node = null;
        foreach (var info in infos)
            if (_values.TryGetValue(info.Name, out var value) && !value.IsConstant && !graph.Inputs.Contains(value))
                TypeReader.Apply(info.Type, value, context);
        foreach (var node in nodes) graph.Add(ReadNode(node));
    }

    private Node ReadNode(NodeProto proto)
    {
        var enclosing = context.Node;
        context.Node = proto;
        RequireKnownOperatorSet(proto);
        var inputs = proto.Input.Select(name => name.Length == 0 ? null : Resolve(name, "an input")).ToArray();
        var outputs = proto.Output.Select(name => name.Length == 0 ? new Value("") : _values[name]).ToArray();
        if (outputs.Length == 0)
            throw context.Fail("The node has no outputs.", "Export the model again, or remove the node.");
        var node = new Node(proto.OpType, inputs, outputs, proto.Name, proto.Domain) { Overload = proto.Overload };
        var attributes = new AttributeReader(context, ReadSubgraph);
        foreach (var attribute in proto.Attribute) node.Attributes[attribute.Name] = attributes.Read(attribute);
        context.Node = enclosing;
        return node;
    }

    private void RequireKnownOperatorSet(NodeProto proto)
    {
        if (proto.OpType.Length == 0)
            throw context.Fail("A node has no operator.", "Export the model again.");
        if (proto.Domain is "" or "ai.onnx" && !graph.Opsets.ContainsKey(""))
            throw context.Fail("The file declares no version of the standard operator set.",
                "Export the model again with an opset_import.");
    }

    private Graph ReadSubgraph(GraphProto proto) =>
        new GraphReader(context, graph.NewSubgraph(proto.Name), this).Read(proto);

    private Value Define(string name)
    {
        if (name.Length == 0)
            throw context.Fail("An input or initializer has no name.", "Export the model again.");
        var value = new Value(name);
        if (!_values.TryAdd(name, value))
            throw context.Fail($"The name '{name}' is given to two values.",
                "Each value needs a name of its own: rename one and its readers.");
        graph.Reserve(name);
        return value;
    }

    private Value Resolve(string name, string role)
    {
        for (var reader = this; reader is not null; reader = reader.Outer)
            if (reader._values.TryGetValue(name, out var value)) return value;
        throw context.Fail($"'{name}' is {role}, but no node, input or initializer of that name exists.",
            "Add what produces it, or correct the name.");
    }

    private GraphReader? Outer => outer;

    /// <summary>A value of a graph around this one becomes an output through Identity, so that outputs are always a graph's own.</summary>
    private Value OutputOf(string name)
    {
        var value = Resolve(name, "the graph's output");
        if (_values.ContainsKey(name)) return value;
        var own = new Value(graph.FreshName(name)) { ElementType = value.ElementType, Shape = value.Shape };
        graph.Add(new Node("Identity", [value], [own], own.Name));
        return own;
    }

    private void SortNodes()
    {
        if (TopologicalSort.TryOrder(graph, out var inCycle)) return;
        throw new GraphLoadException(context.File, "The node depends on its own output: the graph is cyclic.",
            "Break the cycle; a recurrence is written with Loop or Scan.", inCycle.Name.Length > 0 ? inCycle.Name : inCycle.Outputs[0].Name,
            inCycle.OpType, context.Opset, null);
    }
}
