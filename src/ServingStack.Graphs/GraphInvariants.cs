namespace ServingStack.Graphs;

/// <summary>What holds for every graph between two passes. Checked around each pass in tests and debug builds.</summary>
public static class GraphInvariants
{
    /// <exception cref="InvalidOperationException">Names the first thing that does not hold.</exception>
    public static void Check(Graph graph) => Check(graph, new HashSet<Value>(), new HashSet<string>(StringComparer.Ordinal));

    private static void Check(Graph graph, HashSet<Value> visible, HashSet<string> names)
    {
        foreach (var input in graph.Inputs) Declare(graph, input, visible, names);
        foreach (var node in graph.Nodes)
        {
            foreach (var input in node.Inputs) CheckInput(graph, node, input, visible);
            foreach (var subgraph in node.Subgraphs) Check(subgraph, [.. visible], new HashSet<string>(names, StringComparer.Ordinal));
            foreach (var output in node.Outputs) CheckOutput(graph, node, output, visible, names);
        }
        foreach (var output in graph.Outputs)
            if (!output.IsConstant && !visible.Contains(output)) throw Broken(graph, $"nothing produces the output '{output.Name}'");
    }

    private static void CheckInput(Graph graph, Node node, Value? input, HashSet<Value> visible)
    {
        if (input is null) return;
        if (!input.Consumers.Contains(node)) throw Broken(graph, $"'{input.Name}' does not know its reader {node}");
        if (!input.IsConstant && !visible.Contains(input)) throw Broken(graph, $"{node} reads '{input.Name}' before it is produced");
    }

    private static void CheckOutput(Graph graph, Node node, Value output, HashSet<Value> visible, HashSet<string> names)
    {
        if (output.Producer != node) throw Broken(graph, $"'{output.Name}' does not know its producer {node}");
        if (output.IsConstant) throw Broken(graph, $"{node} produces the constant '{output.Name}'");
        if (output.Name.Length > 0) Declare(graph, output, visible, names);
    }

    private static void Declare(Graph graph, Value value, HashSet<Value> visible, HashSet<string> names)
    {
        if (!names.Add(value.Name)) throw Broken(graph, $"the name '{value.Name}' is given twice");
        visible.Add(value);
    }

    private static InvalidOperationException Broken(Graph graph, string problem) =>
        new($"Graph '{graph.Name}' is inconsistent: {problem}.");
}
