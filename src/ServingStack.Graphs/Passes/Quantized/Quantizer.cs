namespace ServingStack.Graphs.Passes.Quantized;

/// <summary>A QuantizeLinear to 8 bits with one constant scale and zero point.</summary>
internal sealed record Quantizer(float Scale, int ZeroPoint, ElementType ElementType)
{
    public static Quantizer? Of(Node node) =>
        node is { OpType: "QuantizeLinear", Domain: "" } && node.Outputs[0].ElementType is ElementType.UInt8 or ElementType.Int8
        && GraphEdits.Scalar(node.Input(1)) is { } scale && QuantizedNumbers.ZeroPointOf(node.Input(2)) is { } zeroPoint
            ? new(scale, zeroPoint, node.Outputs[0].ElementType)
            : null;
}
