namespace ServingStack.Graphs.Passes;

/// <summary>
/// A Reshape whose target is computed (Shape, Gather, Concat) but whose result has at most one open extent gets a constant target with -1
/// in its place; the computation is then dead.
/// </summary>
public sealed class FoldReshapeTargets : IPass
{
    public string Name => nameof(FoldReshapeTargets);

    public bool Apply(Graph graph)
    {
        var changed = false;
        foreach (var node in graph.Nodes.Where(n => n is { OpType: "Reshape", Domain: "" }).ToArray())
            if (node.Input(1) is { IsConstant: false, ElementType: ElementType.Int64 } && Target(node.Outputs[0].Shape) is { } target)
            {
                node.SetInput(1, graph.AddConstant(Tensor.From<long>(target, target.Length), graph.FreshName("target")));
                node.Attributes.Remove("allowzero");
                changed = true;
            }
        return (changed && new EliminateDeadNodes().Apply(graph)) || changed;
    }

    private static long[]? Target(Shape? shape) =>
        shape is null || shape.Count(d => !d.IsFixed) > 1 || shape.Any(d => d == 0) ? null
            : [.. shape.Select(d => d.IsFixed ? d.Value : -1)];
}
