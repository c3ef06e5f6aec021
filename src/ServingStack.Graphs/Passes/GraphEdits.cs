namespace ServingStack.Graphs.Passes;

/// <summary>The small steps that passes are made of.</summary>
internal static class GraphEdits
{
    /// <summary>
    /// Takes a node out whose output equals <paramref name="source"/>. A graph output keeps its name: then the source's producer writes it
    /// instead. False where neither is possible (a graph input or constant straight to an output).
    /// </summary>
    public static bool Bypass(Graph graph, Node node, Value source)
    {
        var output = node.Outputs[0];
        if (!graph.IsOutput(output))
        {
            graph.ReplaceUses(output, source);
            graph.Remove(node);
            return true;
        }
        if (source.Producer is not { } producer || graph.IsOutput(source) || graph.IndexOf(producer) < 0) return false;
        graph.Remove(node);
        graph.ReplaceUses(source, output);
        producer.SetOutput(IndexOf(producer, source), output);
        return true;
    }

    /// <summary>
    /// The only node that reads a value which is no graph output; null when there are more, or the reader is in a subgraph.
    /// </summary>
    public static Node? OnlyConsumer(Graph graph, Value value) =>
        value.Consumers is [var only] && !graph.IsOutput(value) && graph.IndexOf(only) >= 0 ? only : null;

    /// <summary>Removes a node and, upwards, the producers that nobody reads any more.</summary>
    public static void RemoveWithUnusedInputs(Graph graph, Node node)
    {
        var inputs = node.Inputs.ToArray();
        graph.Remove(node);
        foreach (var producer in inputs.Select(i => i?.Producer).OfType<Node>().Distinct())
            if (IsUnused(graph, producer) && graph.IndexOf(producer) >= 0) RemoveWithUnusedInputs(graph, producer);
    }

    public static bool IsUnused(Graph graph, Node node) => node.Outputs.All(o => o.Consumers.Count == 0 && !graph.IsOutput(o));

    /// <summary>A copy of attributes without those named.</summary>
    public static AttributeMap CopyAttributes(Node node, params ReadOnlySpan<string> without)
    {
        var copy = new AttributeMap();
        foreach (var (name, value) in node.Attributes)
            if (!without.Contains(name)) copy[name] = value;
        return copy;
    }

    /// <summary>The constant of a value as float32 numbers, or null.</summary>
    public static float[]? Floats(Value? value) => value?.Constant is { ElementType: ElementType.Float32 } tensor
        ? tensor.As<float>().ToArray() : null;

    /// <summary>The number in a constant of one element, or null.</summary>
    public static float? Scalar(Value? value) => Floats(value) is [var only] ? only : null;

    private static int IndexOf(Node producer, Value output)
    {
        for (var i = 0; i < producer.Outputs.Count; i++)
            if (producer.Outputs[i] == output) return i;
        throw new InvalidOperationException($"{producer} does not produce '{output.Name}'.");
    }
}
