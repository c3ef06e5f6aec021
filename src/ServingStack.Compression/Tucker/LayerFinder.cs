using ServingStack.Compression.Tucker.Forms;
using ServingStack.Graphs;
using ServingStack.Graphs.Inference;

namespace ServingStack.Compression.Tucker;

/// <summary>A layer that stays whole, and why.</summary>
public sealed record SkippedLayer(Node Node, string Reason)
{
    public string Name => Chain.NameOf(Node);

    /// <summary>Weights, where they are constant.</summary>
    public long Parameters => Node.Input(1)?.Constant?.ElementCount ?? 0;

    /// <summary>Operations at batch 1; 0 where the weights are not constant.</summary>
    public long Flops { get; init; }
}

/// <summary>Decides which layers of a graph can be decomposed, and how.</summary>
internal sealed class LayerFinder(TuckerOptions options)
{
    public (IReadOnlyList<TuckerLayer> Layers, IReadOnlyList<SkippedLayer> Skipped) Find(Graph graph)
    {
        CheckNames(graph);
        var shapes = ShapesAtBatchOne(graph);
        var (layers, skipped) = (new List<TuckerLayer>(), new List<SkippedLayer>());
        var candidates = graph.Nodes.Where(n => LayerForms.Of(n) is not null && n.Input(1) is not null).ToArray();
        for (var i = 0; i < candidates.Length; i++)
        {
            var (node, form) = (candidates[i], LayerForms.Of(candidates[i])!);
            var (input, output) = (FixedShape(node.Inputs[0]!, shapes), FixedShape(node.Outputs[0], shapes));
            if (Reason(node, form, input is not null && output is not null) is { } reason)
                skipped.Add(new(node, reason) { Flops = FlopsOf(node, form, input, output) });
            else layers.Add(new(node, form, KeepsInputs(node, isFirst: i == 0), input!, output!));
        }
        return (layers, skipped);
    }

    private string? Reason(Node node, ILayerForm form, bool shapesKnown)
    {
        if (options.Keep.Contains(Chain.NameOf(node))) return "asked to be kept";
        if (form.Refusal(node) is { } refusal) return refusal;
        if (!shapesKnown) return "its shapes are not known";
        if (options.Ranks.ContainsKey(Chain.NameOf(node))) return null;
        return node.OpType != "Conv" ? (options.Linear ? null : "matrices are left whole; --linear takes them in")
            : IsPointwise(node) && !options.Pointwise ? "1x1 kernels are left whole; --pointwise takes them in" : null;
    }

    // The first layer has as many inputs as an image has channels: nothing to gain there.
    private static bool KeepsInputs(Node node, bool isFirst) => isFirst || node.OpType != "Conv" || IsPointwise(node);

    private static bool IsPointwise(Node node) => node.Inputs[1]!.Constant!.Dimensions.Skip(2).All(extent => extent == 1);

    private void CheckNames(Graph graph)
    {
        foreach (var name in options.Keep.Concat(options.Ranks.Keys))
        {
            var node = graph.Nodes.FirstOrDefault(n => Chain.NameOf(n) == name) ?? throw new TuckerException(
                $"'{name}' is no node of '{graph.Name}'; 'servingstack inspect' lists them.");
            if (!options.Ranks.ContainsKey(name)) continue;
            var form = LayerForms.Of(node) ?? throw new TuckerException(
                $"Layer '{name}' is {node.OpType}, which cannot be decomposed; give ranks to {LayerForms.Names} only.");
            if (form.Refusal(node) is { } refusal) throw new TuckerException($"Layer '{name}' cannot be decomposed: {refusal}.");
        }
    }

    private static long[]? FixedShape(Value value, InferredGraph shapes) =>
        shapes.ShapeOf(value) is { IsFixed: true } shape ? shape.ToFixed() : null;

    private static long FlopsOf(Node node, ILayerForm form, long[]? input, long[]? output) => input is null || output is null ? 0
        : 2 * (node.Inputs[1]?.Constant?.ElementCount ?? 0) * form.Positions(node, input, output).Outputs;

    /// <summary>Shapes with every open extent of the inputs at 1.</summary>
    private static InferredGraph ShapesAtBatchOne(Graph graph) => ShapeInference.WithInputShapes(graph, graph.Inputs
        .Where(i => i.Shape is not null)
        .ToDictionary(i => i.Name, i => i.Shape!.Select(d => d.IsFixed ? d.Value : 1).ToArray()));
}
