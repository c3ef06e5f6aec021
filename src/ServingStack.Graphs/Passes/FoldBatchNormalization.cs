namespace ServingStack.Graphs.Passes;

/// <summary>
/// Batch normalization at inference is y = x * s + (B - mean * s) with s = scale / sqrt(var + epsilon): it goes into the weights and bias
/// of the Conv, ConvTranspose or Gemm before it, or becomes Mul and Add where there is none.
/// </summary>
public sealed class FoldBatchNormalization : IPass
{
    public string Name => nameof(FoldBatchNormalization);

    public bool Apply(Graph graph)
    {
        var changed = false;
        foreach (var node in graph.Nodes.Where(n => n is { OpType: "BatchNormalization", Domain: "" }).ToArray())
            if (Affine(node) is var (scale, shift))
                changed |= FoldIntoLayer(graph, node, scale, shift) || ReplaceByMulAdd(graph, node, scale, shift);
        return changed;
    }

    private static (double[] Scale, double[] Shift)? Affine(Node node)
    {
        if (node.Attributes.Int("training_mode", 0) != 0 || node.Outputs.Count > 1 && node.Outputs.Skip(1).Any(o => o.Consumers.Count > 0))
            return null;
        if (GraphEdits.Floats(node.Input(1)) is not { } gamma || GraphEdits.Floats(node.Input(2)) is not { } beta
            || GraphEdits.Floats(node.Input(3)) is not { } mean || GraphEdits.Floats(node.Input(4)) is not { } variance) return null;
        var epsilon = node.Attributes.Float("epsilon", 1e-5f);
        var scale = gamma.Select((g, i) => g / Math.Sqrt((double)variance[i] + epsilon)).ToArray();
        return (scale, [.. beta.Select((b, i) => b - (mean[i] * scale[i]))]);
    }

    private static bool FoldIntoLayer(Graph graph, Node node, double[] scale, double[] shift)
    {
        if (node.Inputs[0]!.Producer is not { Domain: "" } layer || GraphEdits.OnlyConsumer(graph, layer.Outputs[0]) != node) return false;
        if (ChannelAxis(layer) is not { } axis || GraphEdits.Floats(layer.Input(1)) is not { } weights) return false;
        var bias = layer.Input(2) is null ? new float[scale.Length] : GraphEdits.Floats(layer.Input(2));
        if (bias?.Length != scale.Length || layer.Input(1)!.Constant!.Dimensions[axis] != scale.Length) return false;

        var extents = layer.Input(1)!.Constant!.Dimensions;
        var inner = (int)extents.Skip(axis + 1).Aggregate(1L, (p, e) => p * e);
        for (var i = 0; i < weights.Length; i++) weights[i] = (float)(weights[i] * scale[i / inner % scale.Length]);
        for (var i = 0; i < bias.Length; i++) bias[i] = (float)((bias[i] * scale[i]) + shift[i]);
        layer.SetInput(1, graph.AddConstant(Tensor.From<float>(weights, extents), graph.FreshName("folded_weights")));
        var biasValue = graph.AddConstant(Tensor.From<float>(bias, bias.Length), graph.FreshName("folded_bias"));
        if (layer.Inputs.Count < 3) layer.AddInput(biasValue);
        else layer.SetInput(2, biasValue);
        return GraphEdits.Bypass(graph, node, layer.Outputs[0]);
    }

    /// <summary>
    /// The axis of the weights that numbers the output channels; null where that is not one axis or the layer does not fit.
    /// </summary>
    private static int? ChannelAxis(Node layer) => layer.OpType switch
    {
        "Conv" => 0,
        "ConvTranspose" when layer.Attributes.Int("group", 1) == 1 => 1,
        "Gemm" when layer.Attributes.Float("alpha", 1) == 1 && layer.Attributes.Float("beta", 1) == 1 =>
            layer.Attributes.Int("transB", 0) != 0 ? 0 : 1,
        _ => null,
    };

    private static bool ReplaceByMulAdd(Graph graph, Node node, double[] scale, double[] shift)
    {
        if (node.Inputs[0]!.Shape is not { Rank: >= 2 } shape) return false;
        long[] extents = [scale.Length, .. Enumerable.Repeat(1L, shape.Rank - 2)];
        var product = new Value(graph.FreshName("scaled")) { ElementType = ElementType.Float32, Shape = shape };
        graph.InsertBefore(node, new Node("Mul", [node.Inputs[0], Constant(graph, scale, extents)], [product], graph.FreshName("scale")));
        var output = node.Outputs[0];
        graph.InsertBefore(node, new Node("Add", [product, Constant(graph, shift, extents)], [output], node.Name));
        graph.Remove(node);
        return true;
    }

    private static Value Constant(Graph graph, double[] values, long[] extents) =>
        graph.AddConstant(Tensor.From<float>(Array.ConvertAll(values, v => (float)v), extents), graph.FreshName("affine"));
}
