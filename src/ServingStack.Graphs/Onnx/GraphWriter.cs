using ServingStack.Graphs.Onnx.Proto;

namespace ServingStack.Graphs.Onnx;

/// <summary>
/// Writes one graph. A constant becomes an initializer of the innermost graph that encloses all its readers; where ONNX allows none (a
/// function's body) or it is an output, it becomes a Constant node.
/// </summary>
internal sealed class GraphWriter
{
    private readonly Graph _graph;
    private readonly GraphWriter? _outer;
    private readonly OrderedDictionary<Value, bool> _constants = [];

    public GraphWriter(Graph graph, GraphWriter? outer = null)
    {
        (_graph, _outer) = (graph, outer);
        foreach (var value in ConstantsOf(graph).Where(v => !IsWrittenOutside(v))) _constants[value] = graph.IsOutput(value);
    }

    public GraphProto Write()
    {
        var proto = new GraphProto { Name = _graph.Name.Length > 0 ? _graph.Name : "graph" };
        foreach (var (value, isOutput) in _constants)
            if (isOutput) proto.Node.Add(ConstantNode(value));
            else proto.Initializer.Add(TensorWriter.Write(value.Constant!, value.Name));
        proto.Input.AddRange(_graph.Inputs.Select(TypeWriter.Write));
        proto.Output.AddRange(_graph.Outputs.Select(TypeWriter.Write));
        proto.Node.AddRange(_graph.Nodes.Select(WriteNode));
        proto.ValueInfo.AddRange(Inner().Select(TypeWriter.Write));
        return proto;
    }

    public void WriteFunctionBody(FunctionProto proto)
    {
        proto.Input.AddRange(_graph.Inputs.Select(i => i.Name));
        proto.Output.AddRange(_graph.Outputs.Select(o => o.Name));
        proto.Node.AddRange(_constants.Keys.Select(ConstantNode));
        proto.Node.AddRange(_graph.Nodes.Select(WriteNode));
    }

    /// <summary>What the graph's own nodes read, what it outputs, and what more than one of its subgraphs reads.</summary>
    private static IEnumerable<Value> ConstantsOf(Graph graph)
    {
        var nested = graph.Nodes.SelectMany(n => n.Subgraphs).SelectMany(g =>
            g.Nodes.SelectMany(TopologicalSort.Reads).Where(v => v.IsConstant).Distinct());
        return graph.Nodes.SelectMany(n => n.Inputs).Concat(graph.Outputs).OfType<Value>().Where(v => v.IsConstant)
            .Concat(nested.GroupBy(v => v).Where(g => g.Count() > 1).Select(g => g.Key));
    }

    private bool IsWrittenOutside(Value value)
    {
        for (var writer = _outer; writer is not null; writer = writer._outer)
            if (writer._constants.ContainsKey(value)) return true;
        return false;
    }

    /// <summary>Values between nodes whose type is known.</summary>
    private IEnumerable<Value> Inner() => _graph.Nodes.SelectMany(n => n.Outputs)
        .Where(v => v.Name.Length > 0 && !_graph.IsOutput(v) && (v.ContainerType is not null || v.ElementType != ElementType.Undefined));

    private NodeProto WriteNode(Node node)
    {
        var proto = new NodeProto { Name = node.Name, OpType = node.OpType, Domain = node.Domain, Overload = node.Overload };
        proto.Input.AddRange(node.Inputs.Select(i => i?.Name ?? ""));
        proto.Output.AddRange(node.Outputs.Select(o => o.Name));
        proto.Attribute.AddRange(node.Attributes.Select(a => AttributeWriter.Write(a.Key, a.Value, g => new GraphWriter(g, this).Write())));
        return proto;
    }

    private static NodeProto ConstantNode(Value value)
    {
        var proto = new NodeProto { Name = value.Name, OpType = "Constant" };
        proto.Output.Add(value.Name);
        proto.Attribute.Add(AttributeWriter.Write("value", value.Constant!, _ => throw new InvalidOperationException()));
        return proto;
    }
}
