using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary><c>EmbeddingBag</c>: a row of the table (input 0) takes the place of the last axis of the indices (input 1), or of a number.</summary>
internal static class EmbeddingBag
{
    public static void Infer(InferenceContext c)
    {
        Shape? shape = null;
        if (c.ShapeOf(0) is [_, var width] && c.ShapeOf(1) is { } indices)
            shape = new Shape([.. Bags(indices, c.Attributes.String("pooling", "none") == "none", c.Attributes.Int("keepdims", 0) != 0), width]);
        c.Set(0, ElementType.Float32, shape);
    }

    private static IEnumerable<Dimension> Bags(Shape indices, bool each, bool keepsAxis)
    {
        if (each) return indices;
        return keepsAxis ? indices.Take(indices.Rank - 1).Append(1) : indices.Take(indices.Rank - 1);
    }
}
