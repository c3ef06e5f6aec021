using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>ONNX Gather, GatherElements and GatherND.</summary>
internal static class Gather
{
    /// <summary>The indices' shape takes the place of the gathered axis.</summary>
    public static void Infer(InferenceContext c)
    {
        c.RequireRank(0, 1);
        Shape? shape = null;
        if (c.ShapeOf(0) is { } x && c.ShapeOf(1) is { } indices)
        {
            var axis = c.Axis(c.Attributes.Int("axis", 0), x.Rank);
            shape = new Shape([.. x.Take(axis), .. indices, .. x.Skip(axis + 1)]);
        }
        c.Set(0, c.TypeOf(0), shape);
    }

    public static void Propagate(InferenceContext c)
    {
        if (c.Input(0).Integers is not { IsScalar: false } data || c.Input(1).Integers is not { IsKnown: true } indices) return;
        c.SetIntegers(0, indices with { Items = [.. indices.Items.Select(i => data.Items[At(c, i.Number!.Value, data.Items.Length)])] });
    }

    public static void InferElements(InferenceContext c) => c.Set(0, c.TypeOf(0), c.ShapeOf(1));

    public static void InferNd(InferenceContext c)
    {
        Shape? shape = null;
        var batch = (int)c.Attributes.Int("batch_dims", 0);
        if (c.ShapeOf(0) is { } x && c.ShapeOf(1) is { Rank: >= 1 } indices && indices[indices.Rank - 1].IsFixed)
            shape = new Shape([.. indices.Take(indices.Rank - 1), .. x.Skip(batch + (int)indices[indices.Rank - 1].Value)]);
        c.Set(0, c.TypeOf(0), shape);
    }

    private static int At(InferenceContext c, long index, int length) => index >= -length && index < length
        ? (int)(index < 0 ? index + length : index)
        : throw c.Fail($"Index {index} is outside the {length} elements gathered from.");
}
