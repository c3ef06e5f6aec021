namespace ServingStack.Graphs.Passes.Quantized;

/// <summary>A float value that is a dequantized 8-bit tensor with one scale and zero point.</summary>
/// <param name="Value">The integers.</param>
/// <param name="Dequantize">The node between the integers and the floats.</param>
internal sealed record QuantizedSource(Value Value, float Scale, int ZeroPoint, Node Dequantize)
{
    public static QuantizedSource? Of(Value? value) =>
        value?.Producer is { OpType: "DequantizeLinear", Domain: "" } node
            && node.Inputs[0] is { ElementType: ElementType.UInt8 or ElementType.Int8 } integers
        && GraphEdits.Scalar(node.Input(1)) is { } scale && QuantizedNumbers.ZeroPointOf(node.Input(2)) is { } zeroPoint
            ? new(integers, scale, zeroPoint, node)
            : null;

    public bool HasScaleOf(QuantizedSource other) =>
        Scale == other.Scale && ZeroPoint == other.ZeroPoint && Value.ElementType == other.Value.ElementType;
}
