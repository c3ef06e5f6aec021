using ServingStack.Graphs;

namespace ServingStack.Compression.Tucker.Forms;

/// <summary>The small steps of writing a chain of operators.</summary>
internal static class Chain
{
    /// <summary>The node's name, or that of its first output when it has none.</summary>
    public static string NameOf(Node node) => node.Name.Length > 0 ? node.Name : node.Outputs[0].Name;

    public static AttributeMap AttributesOf(Node node)
    {
        var copy = new AttributeMap();
        foreach (var (name, value) in node.Attributes) copy.Add(name, value);
        return copy;
    }

    public static IEnumerable<Value?> Inputs(Graph graph, Value x, Tensor weights, string name, Value? bias)
    {
        var constant = graph.AddConstant(weights, graph.FreshName(name));
        return bias is null ? [x, constant] : [x, constant, bias];
    }

    /// <summary>The bias of the last stage: the node's own, and the shifts of all groups where there are any.</summary>
    public static Value? Bias(Graph graph, Node node, IReadOnlyList<TuckerDecomposition> parts)
    {
        var shifts = parts.SelectMany(p => p.Shift).ToArray();
        if (shifts.Length == 0) return node.Input(2);
        var bias = node.Input(2)?.Constant?.As<float>().ToArray();
        var sums = shifts.Select((shift, i) => (float)(shift + (bias is null ? 0 : bias[bias.Length == 1 ? 0 : i]))).ToArray();
        return graph.AddConstant(Tensor.From<float>(sums, sums.Length), graph.FreshName($"{NameOf(node)}.bias"));
    }

    /// <summary>Makes the last operator of a chain write what the node wrote, in its place.</summary>
    public static void Replace(Graph graph, Node node, Node last)
    {
        var output = node.Outputs[0];
        graph.InsertBefore(node, last);
        graph.Remove(node);
        last.AddOutput(output);
    }
}
