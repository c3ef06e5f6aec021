using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>ONNX Flatten: all axes before <c>axis</c> become one, all others the second.</summary>
internal static class Flatten
{
    public static void Infer(InferenceContext c)
    {
        Shape? shape = null;
        if (c.ShapeOf(0) is { } x)
        {
            var axis = c.Attributes.Int("axis", 1);
            var split = axis == x.Rank ? x.Rank : c.Axis(axis, Math.Max(1, x.Rank));
            shape = new Shape(x.Take(split).Product(), x.Skip(split).Product());
        }
        c.Set(0, c.TypeOf(0), shape ?? DimensionAlgebra.UnknownOf(2));
    }
}
