namespace ServingStack.Graphs.Passes.Quantized;

/// <summary>Constants of quantization.</summary>
internal static class QuantizedNumbers
{
    /// <summary>The number in a constant zero point, 0 where it is left out; null when it is no single constant.</summary>
    public static int? ZeroPointOf(Value? value) =>
        value is null ? 0
        : value.Constant is { ElementCount: 1, ElementType: ElementType.UInt8 or ElementType.Int8 or ElementType.Int32 } tensor
            ? (int)tensor.ToInt64s()[0]
        : null;

    public static (int Least, int Most) RangeOf(ElementType type) => type == ElementType.UInt8 ? (0, 255) : (-128, 127);

    /// <summary>A float as QuantizeLinear maps it, saturated; infinities give the ends of the range.</summary>
    public static int Quantize(float value, float scale, int zeroPoint, ElementType type)
    {
        var (least, most) = RangeOf(type);
        return (int)Math.Clamp(MathF.Round(value / scale, MidpointRounding.ToEven) + zeroPoint, least, most);
    }

    public static Tensor Scalar(int value, ElementType type) => type == ElementType.UInt8 ? Tensor.Scalar((byte)value)
        : Tensor.Scalar((sbyte)value);
}
