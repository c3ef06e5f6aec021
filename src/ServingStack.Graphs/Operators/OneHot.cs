using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>ONNX OneHot: inserts an axis of extent <c>depth</c>.</summary>
internal static class OneHot
{
    public static void Infer(InferenceContext c)
    {
        Shape? shape = null;
        if (c.ShapeOf(0) is { } indices)
        {
            var axis = c.Axis(c.Attributes.Int("axis", -1), indices.Rank + 1);
            var depth = c.IntegersOf(1) is [var d] ? d.ToDimension() : Dimension.Unknown;
            shape = new Shape([.. indices.Take(axis), depth, .. indices.Skip(axis)]);
        }
        c.Set(0, c.TypeOf(2), shape);
    }
}
