namespace ServingStack.Graphs.Passes;

/// <summary>Drops nodes whose outputs nobody reads, in subgraphs too.</summary>
public sealed class EliminateDeadNodes : IPass
{
    public string Name => nameof(EliminateDeadNodes);

    public bool Apply(Graph graph)
    {
        var changed = false;
        foreach (var node in graph.Nodes.Reverse().ToArray())
            if (GraphEdits.IsUnused(graph, node))
            {
                graph.Remove(node);
                changed = true;
            }
            else foreach (var subgraph in node.Subgraphs) changed |= Apply(subgraph);
        return changed;
    }
}
