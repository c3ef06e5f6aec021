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

    /// <summary>Makes the last operator of a chain write what the node wrote, in its place.</summary>
    public static void Replace(Graph graph, Node node, Node last)
    {
        var output = node.Outputs[0];
        graph.InsertBefore(node, last);
        graph.Remove(node);
        last.AddOutput(output);
    }
}
