using ServingStack.Graphs;
using ServingStack.Graphs.ValueAware;

namespace ServingStack.Compression.ValueAware;

/// <summary>Writes the functions' calls into a graph: one for each layer's weights, one for each activation and way to quantize it.</summary>
internal sealed class ValueAwareWriter(Graph graph)
{
    private readonly Dictionary<(string, ActivationCodes), Value> _activations = [];

    public void Write(IEnumerable<ValueAwareLayer> layers)
    {
        ValueAwareFunctions.AddTo(graph);
        var nodes = graph.Nodes.ToDictionary(n => n.Outputs[0].Name);
        foreach (var layer in layers) Write(nodes[layer.Output], layer);
    }

    /// <summary>A call that quantizes a value, appended; what it gives has the value's shape.</summary>
    public static Node Call(Graph graph, Value x, ActivationCodes codes, string name) =>
        new(ValueAwareFunctions.Activations,
            [x, Scalar(graph, codes.Step, $"{name}.step"), Scalar(graph, codes.Least, $"{name}.least"),
                Scalar(graph, codes.Most, $"{name}.most"), Scalar(graph, codes.Threshold, $"{name}.threshold")],
            [new Value(name) { ElementType = ElementType.Float32, Shape = x.Shape }], name, Domains.Own);

    private void Write(Node node, ValueAwareLayer layer)
    {
        if (layer.Activations is { } codes) node.SetInput(0, Quantized(node, codes));
        var name = $"{(node.Name.Length > 0 ? node.Name : layer.Output)}.weights";
        var inputs = layer.Weights.ToInputs()
            .Zip((string[])["planes", "significance", "scales", "grid", "gaps", "large", "shape"], (t, part) => graph.AddConstant(t, $"{name}.{part}"));
        var call = new Node(ValueAwareFunctions.Weights, inputs, [new Value(name) { ElementType = ElementType.Float32 }], name, Domains.Own);
        graph.InsertBefore(node, call);
        node.SetInput(1, call.Outputs[0]);
        if (layer.Matrix.ChannelAxis == 1) Turn(node, call);
        if (layer.TakesBias) SetBias(node, graph.AddConstant(Tensor.From<float>(layer.Bias, layer.Bias.Length), $"{name}.bias"));
    }

    /// <summary>Weights lie channel by channel; a matrix product wants them the other way.</summary>
    private void Turn(Node node, Node call)
    {
        if (node.OpType == "Gemm")
        {
            node.Attributes["transB"] = 1L;
            return;
        }
        var name = $"{call.Name}.turned";
        var turned = new Node("Transpose", call.Outputs, [new Value(name) { ElementType = ElementType.Float32 }], name);
        graph.InsertBefore(node, turned);
        node.SetInput(1, turned.Outputs[0]);
    }

    private static void SetBias(Node node, Value bias)
    {
        if (node.Inputs.Count > 2) node.SetInput(2, bias);
        else node.AddInput(bias);
    }

    private Value Quantized(Node reader, ActivationCodes codes)
    {
        var x = reader.Inputs[0]!;
        if (_activations.TryGetValue((x.Name, codes), out var known)) return known;
        var call = Call(graph, x, codes, graph.FreshName($"{x.Name}.small"));
        if (x.Producer is { } producer) graph.InsertAfter(producer, call);
        else graph.InsertBefore(graph.Nodes[0], call);
        return _activations[(x.Name, codes)] = call.Outputs[0];
    }

    private static Value Scalar(Graph graph, float value, string name) => graph.AddConstant(Tensor.Scalar(value), name);
}
