namespace ServingStack.Graphs.Passes;

/// <summary>Constants that scale or shift the channels (axis 1) of a tensor by broadcasting.</summary>
internal static class ChannelVectors
{
    /// <summary>The constant operand of a Mul or Add of floats, one number a channel; null where it is none.</summary>
    public static float[]? Of(Node node, int constantInput)
    {
        if (node.Inputs.Count != 2 || node.Inputs[1 - constantInput]?.Shape is not { Rank: > 1 } shape || !shape[1].IsFixed) return null;
        if (node.Inputs[constantInput]?.Constant is not { ElementType: ElementType.Float32 } tensor || tensor.Rank > shape.Rank) return null;
        // Aligned at the last axis, all but the channels' extent must be 1.
        var axis = tensor.Rank - shape.Rank + 1;
        var others = tensor.Dimensions.Where((_, i) => i != axis);
        if (axis < 0 || others.Any(extent => extent != 1) || tensor.Dimensions[axis] != shape[1].Value) return null;
        return tensor.As<float>().ToArray();
    }

    /// <summary>
    /// A product with a channel vector and the sum of it with another, which nothing else reads; null where <paramref name="product"/> does
    /// not begin one.
    /// </summary>
    public static Affine? AffineFrom(Graph graph, Node product)
    {
        if (product is not { OpType: "Mul", Domain: "" }
            || GraphEdits.OnlyConsumer(graph, product.Outputs[0]) is not { OpType: "Add", Domain: "" } sum)
            return null;
        var (factorInput, shiftInput) = (product.Inputs[1]?.IsConstant == true ? 1 : 0, sum.Inputs[0] == product.Outputs[0] ? 1 : 0);
        return Of(product, factorInput) is { } factors && Of(sum, shiftInput) is { } shifts
            ? new(product.Inputs[1 - factorInput]!, sum, factors, shifts)
            : null;
    }

    /// <param name="Input">What is scaled.</param>
    /// <param name="Sum">The Add at the end.</param>
    /// <param name="Factors">One a channel.</param>
    /// <param name="Shifts">One a channel.</param>
    internal sealed record Affine(Value Input, Node Sum, float[] Factors, float[] Shifts);
}
