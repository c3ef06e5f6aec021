using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>ONNX QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear.</summary>
internal static class QuantizeLinear
{
    /// <summary>The zero point gives the type; without one the attribute <c>output_dtype</c>, else uint8.</summary>
    public static void Infer(InferenceContext c)
    {
        var named = Elementwise.AttributeType(c, "output_dtype", ElementType.Undefined);
        c.Set(0, c.Has(2) ? c.TypeOf(2) : named != ElementType.Undefined ? named : ElementType.UInt8, c.ShapeOf(0));
    }

    public static void InferDequantize(InferenceContext c) =>
        c.Set(0, Elementwise.AttributeType(c, "output_dtype", ElementType.Undefined) is not ElementType.Undefined and var named ? named
            : c.TypeOf(1), c.ShapeOf(0));

    public static void InferDynamic(InferenceContext c)
    {
        c.Set(0, ElementType.UInt8, c.ShapeOf(0));
        c.Set(1, ElementType.Float32, Shape.Scalar);
        c.Set(2, ElementType.UInt8, Shape.Scalar);
    }
}
