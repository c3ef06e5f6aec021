using System.Diagnostics.CodeAnalysis;

namespace ServingStack.Graphs.Onnx;

/// <summary>
/// Orders a graph's nodes so that each comes after the producers of what it reads, subgraphs included. Stable (Kahn, 1962).
/// </summary>
internal static class TopologicalSort
{
    /// <summary>Orders the nodes in place; false, with a node of a cycle, when there is no order.</summary>
    public static bool TryOrder(Graph graph, [NotNullWhen(false)] out Node? inCycle)
    {
        var index = new Dictionary<Node, int>();
        for (var i = 0; i < graph.Nodes.Count; i++) index.Add(graph.Nodes[i], i);
        var readers = new List<int>[graph.Nodes.Count];
        var missing = new int[graph.Nodes.Count];
        CountDependencies(graph, index, readers, missing);

        var ready = new PriorityQueue<Node, int>();
        for (var i = 0; i < missing.Length; i++)
            if (missing[i] == 0) ready.Enqueue(graph.Nodes[i], i);
        var order = new List<Node>(missing.Length);
        while (ready.TryDequeue(out var node, out var i))
        {
            order.Add(node);
            foreach (var reader in readers[i] ?? [])
                if (--missing[reader] == 0) ready.Enqueue(graph.Nodes[reader], reader);
        }
        var stuck = Array.FindIndex(missing, m => m > 0);
        inCycle = stuck < 0 ? null : CycleMember(graph, index, missing, stuck);
        if (stuck < 0) graph.SetNodes(order);
        return stuck < 0;
    }

    /// <summary>The values that a node reads, in its subgraphs too.</summary>
    public static IEnumerable<Value> Reads(Node node) =>
        node.Inputs.OfType<Value>().Concat(node.Subgraphs.SelectMany(g => g.Nodes).SelectMany(Reads));

    private static void CountDependencies(Graph graph, Dictionary<Node, int> index, List<int>[] readers, int[] missing)
    {
        for (var i = 0; i < missing.Length; i++)
            foreach (var value in Reads(graph.Nodes[i]))
                if (value.Producer is { } producer && index.TryGetValue(producer, out var p))
                {
                    (readers[p] ??= []).Add(i);
                    missing[i]++;
                }
    }

    /// <summary>
    /// Walks up from a node that never became ready until a node repeats: that one is on the cycle, not merely behind it.
    /// </summary>
    private static Node CycleMember(Graph graph, Dictionary<Node, int> index, int[] missing, int start)
    {
        var seen = new HashSet<int>();
        var current = start;
        while (seen.Add(current))
            current = Reads(graph.Nodes[current]).Select(v => v.Producer is { } p && index.TryGetValue(p, out var i) && missing[i] > 0
                ? i : -1)
                .First(i => i >= 0);
        return graph.Nodes[current];
    }
}
