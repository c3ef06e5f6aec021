using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>ONNX Cast, CastLike and BitCast: the shape stays, the element type is named.</summary>
internal static class Cast
{
    public static void Infer(InferenceContext c) => c.Set(0, Elementwise.AttributeType(c, "to", ElementType.Undefined), c.ShapeOf(0));

    public static void InferLike(InferenceContext c) => c.Set(0, c.TypeOf(1), c.ShapeOf(0));

    public static void Propagate(InferenceContext c)
    {
        if (c.Outputs[0].ElementType is ElementType.Int64 or ElementType.Int32 && c.TypeOf(0) is ElementType.Int64 or ElementType.Int32)
            ShapeArithmetic.Copy(c);
    }
}
