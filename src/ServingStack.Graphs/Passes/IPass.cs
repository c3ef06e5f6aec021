namespace ServingStack.Graphs.Passes;

/// <summary>
/// A portable rewriting of a graph that keeps what it computes. Shapes have been inferred before; new values may lack them.
/// </summary>
public interface IPass
{
    /// <summary>The name by which options disable it or stop after it.</summary>
    string Name { get; }

    /// <summary>Rewrites in place; true when anything changed.</summary>
    bool Apply(Graph graph);
}
