using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>
/// ONNX LayerNormalization: normalizes over the axes from <c>axis</c> on; outputs 1 and 2 are the mean and 1 / deviation.
/// </summary>
internal static class LayerNormalization
{
    public static void Infer(InferenceContext c)
    {
        c.Set(0, c.TypeOf(0), c.ShapeOf(0));
        if (c.ShapeOf(0) is not { } x) return;
        var axis = c.Axis(c.Attributes.Int("axis", -1), x.Rank);
        var statistics = new Shape(x.Select((d, i) => i < axis ? d : 1));
        for (var i = 1; i < c.OutputCount; i++) c.Set(i, Elementwise.AttributeType(c, "stash_type", ElementType.Float32), statistics);
    }
}
