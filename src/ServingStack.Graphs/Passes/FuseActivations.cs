namespace ServingStack.Graphs.Passes;

/// <summary>
/// Puts a following Relu or Clip, and for Conv and Gemm a residual Add before it, into the operator: <c>FusedConv</c>, <c>FusedGemm</c>,
/// <c>FusedAdd</c> of <see cref="Domains.Fused"/>. A <c>FusedAffine</c> takes one too. Float32 only.
/// </summary>
public sealed class FuseActivations : IPass
{
    private static readonly Dictionary<string, string> Fused = new(StringComparer.Ordinal)
    {
        ["Conv"] = "FusedConv",
        ["Gemm"] = "FusedGemm",
        ["Add"] = "FusedAdd",
    };

    public string Name => nameof(FuseActivations);

    public bool Apply(Graph graph)
    {
        var changed = false;
        foreach (var node in graph.Nodes.Where(n => n is { OpType: "Add", Domain: "" }).ToArray()) changed |= FuseResidual(graph, node);
        foreach (var node in graph.Nodes.ToArray())
            if (Activation.BoundsOf(node) is var (least, most)) changed |= FuseBounds(graph, node, least, most);
        return changed;
    }

    /// <summary>The layer that comes last takes the other addend, because by then both exist.</summary>
    private static bool FuseResidual(Graph graph, Node add)
    {
        if (add.Inputs is not [{ } left, { } right] || left == right || left.Shape is null || !left.Shape.Equals(right.Shape)
            || left.Shape.Any(d => d == Dimension.Unknown))
            return false;
        var (a, b) = (LayerOf(graph, left, add), LayerOf(graph, right, add));
        var layer = a is null ? b : b is null ? a : graph.IndexOf(a) > graph.IndexOf(b) ? a : b;
        if (layer is null) return false;
        var fused = Replace(graph, layer, add, layer == a ? right : left);
        graph.Remove(add);
        graph.Remove(layer);
        return fused is not null;
    }

    private static bool FuseBounds(Graph graph, Node activation, float least, float most)
    {
        if (activation.Inputs[0] is not { ElementType: ElementType.Float32, Producer: { } producer } x
            || GraphEdits.OnlyConsumer(graph, x) != activation) return false;
        if (producer.Domain == Domains.Fused && !producer.Attributes.Contains("activation_min") && producer.Outputs[0] == x)
        {
            producer.SetOutput(0, activation.Outputs[0]);
        }
        else
        {
            if (producer.Domain.Length > 0 || !Fused.ContainsKey(producer.OpType)) return false;
            var fused = Replace(graph, producer, activation, null);
            graph.Remove(producer);
            producer = fused;
        }
        producer.Attributes["activation_min"] = least;
        producer.Attributes["activation_max"] = most;
        graph.Remove(activation);
        return true;
    }

    /// <summary>A fused twin of a node that stands where <paramref name="last"/> does and writes its output.</summary>
    private static Node Replace(Graph graph, Node node, Node last, Value? residual)
    {
        var inputs = node.Inputs.ToList();
        if (residual is not null)
        {
            while (inputs.Count < 3) inputs.Add(null);
            inputs.Add(residual);
        }
        var output = last.Outputs[0];
        var fused = new Node(Fused[node.OpType], inputs, [output], node.Name,
            Domains.Fused)
        { Attributes = GraphEdits.CopyAttributes(node) };
        graph.InsertBefore(last, fused);
        return fused;
    }

    private static Node? LayerOf(Graph graph, Value value, Node add) =>
        value is { ElementType: ElementType.Float32, Producer: { OpType: "Conv" or "Gemm", Domain: "" } layer }
            && GraphEdits.OnlyConsumer(graph, value) == add ? layer : null;
}
