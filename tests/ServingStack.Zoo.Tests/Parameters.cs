using ServingStack.Graphs;

namespace ServingStack.Zoo.Tests;

internal static class Parameters
{
    /// <summary>Float numbers in the constants of a graph.</summary>
    public static long Count(Graph graph) => graph.Nodes.SelectMany(n => n.Inputs).OfType<Value>().Distinct()
        .Where(v => v.Constant?.ElementType == ElementType.Float32).Sum(v => v.Constant!.ElementCount);
}
