namespace ServingStack.Kernels.Quantization;

/// <summary>real = (q - ZeroPoint) * Scale, q of an 8-bit type.</summary>
/// <param name="Type">UInt8 or Int8.</param>
/// <param name="Scale">Above 0.</param>
/// <param name="ZeroPoint">Within the type.</param>
public readonly record struct QuantizationParameters(DataType Type, float Scale, int ZeroPoint)
{
    public int Least => Type == DataType.Int8 ? sbyte.MinValue : byte.MinValue;

    public int Most => Type == DataType.Int8 ? sbyte.MaxValue : byte.MaxValue;

    /// <summary>ONNX DequantizeLinear of one number.</summary>
    public float Dequantize(int q) => (q - ZeroPoint) * Scale;

    /// <summary>ONNX QuantizeLinear of one number: round_half_even(x / scale) plus zero point, saturated; NaN gives the least.</summary>
    public int Quantize(float x)
    {
        var steps = x / Scale;
        if (!(steps > Least - ZeroPoint)) return Least;
        return steps < Most - ZeroPoint ? (int)MathF.Round(steps, MidpointRounding.ToEven) + ZeroPoint : Most;
    }

    /// <summary>Refuses what no kernel computes on.</summary>
    /// <exception cref="ArgumentException">Not an 8-bit type, scale not positive, or zero point outside the type.</exception>
    internal void Check()
    {
        if (Type is not (DataType.UInt8 or DataType.Int8)) throw new ArgumentException($"Quantized type {Type}: expected UInt8 or Int8.");
        if (!(Scale > 0) || !float.IsFinite(Scale)) throw new ArgumentException($"Quantization scale {Scale}: expected a positive number.");
        if (ZeroPoint < Least || ZeroPoint > Most)
            throw new ArgumentException($"Zero point {ZeroPoint}: expected {Least} .. {Most} for {Type}.");
    }
}
