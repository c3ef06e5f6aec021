using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>ONNX TopK: values and indices of the k largest along one axis.</summary>
internal static class TopK
{
    public static void Infer(InferenceContext c)
    {
        Shape? shape = null;
        if (c.ShapeOf(0) is { } x)
            shape = x.With(c.Axis(c.Attributes.Int("axis", -1), x.Rank), c.IntegersOf(1) is [var k] ? k.ToDimension() : Dimension.Unknown);
        c.Set(0, c.TypeOf(0), shape);
        c.Set(1, ElementType.Int64, shape);
    }
}
