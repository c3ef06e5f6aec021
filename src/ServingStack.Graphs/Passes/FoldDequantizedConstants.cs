using ServingStack.Graphs.Operators.Folding;

namespace ServingStack.Graphs.Passes;

/// <summary>Constants that are stored as integers but read by operators on floats are dequantized once, while loading.</summary>
public sealed class FoldDequantizedConstants : IPass
{
    public string Name => nameof(FoldDequantizedConstants);

    public bool Apply(Graph graph)
    {
        var changed = false;
        foreach (var node in graph.Nodes.Where(n => n is { OpType: "DequantizeLinear", Domain: "" }).ToArray())
            if (Evaluate(node) is { } tensor)
            {
                var output = node.Outputs[0];
                graph.Remove(node);
                (output.Constant, output.ElementType, output.Shape) = (tensor, tensor.ElementType, tensor.Shape);
                changed = true;
            }
        return changed;
    }

    /// <summary>The floats of a DequantizeLinear of constants; null where it is not one, or quantized in blocks.</summary>
    internal static Tensor? Evaluate(Node node) =>
        node.Input(0)?.Constant is { } x && node.Input(1)?.Constant is { } scale && (node.Input(2) is null || node.Input(2)!.IsConstant)
            && node.Attributes.Int("block_size", 0) == 0
        ? FoldQuantize.Dequantize(x, scale, node.Input(2)?.Constant, node.Attributes.Int("axis", 1))
        : null;
}
