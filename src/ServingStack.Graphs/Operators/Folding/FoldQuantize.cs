using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators.Folding;

/// <summary>
/// Evaluates QuantizeLinear and DequantizeLinear of constants, per tensor or per axis. Only the first is a row of the operator table: a
/// constant that is stored quantized stays so until it is known whether integers are computed with (pass <c>RecognizeQuantized</c>).
/// </summary>
internal static class FoldQuantize
{
    public static Tensor? Quantize(InferenceContext c)
    {
        var type = c.Outputs[0].ElementType;
        if (type is not (ElementType.Int8 or ElementType.UInt8) || c.DataOf(0)!.ElementType != ElementType.Float32) return null;
        return Quantize(c.DataOf(0)!, c.DataOf(1)!, c.DataOf(2), type, c.Attributes.Int("axis", 1), c.Attributes.Int("block_size", 0));
    }

    /// <summary>y = (x - zero point) * scale in float32; null for layouts that are not per tensor or per axis.</summary>
    public static Tensor? Dequantize(Tensor x, Tensor scale, Tensor? zeroPoint, long axis)
    {
        if (Channels(x, scale, zeroPoint, axis) is not { } channel || !x.ElementType.IsInteger()
            || scale.ElementType != ElementType.Float32) return null;
        var values = x.ToInt64s();
        var zeros = zeroPoint?.ToInt64s();
        var scales = scale.As<float>();
        var result = new float[values.Length];
        for (var i = 0; i < result.Length; i++)
        {
            var k = channel(i);
            result[i] = (values[i] - (zeros?[k] ?? 0)) * scales[k];
        }
        return Tensor.From<float>(result, x.Dimensions);
    }

    private static Tensor? Quantize(Tensor x, Tensor scale, Tensor? zeroPoint, ElementType type, long axis, long block)
    {
        if (block != 0 || Channels(x, scale, zeroPoint, axis) is not { } channel || scale.ElementType != ElementType.Float32) return null;
        var (least, most) = type == ElementType.Int8 ? (-128, 127) : (0, 255);
        var values = x.As<float>();
        var zeros = zeroPoint?.ToInt64s();
        var scales = scale.As<float>();
        var result = new long[values.Length];
        for (var i = 0; i < result.Length; i++)
        {
            var k = channel(i);
            result[i] = (long)Math.Clamp(MathF.Round(values[i] / scales[k], MidpointRounding.ToEven) + (zeros?[k] ?? 0), least, most);
        }
        return Numbers.FromLongs(type, result, x.Dimensions);
    }

    /// <summary>Which scale an element takes, by its position.</summary>
    private static Func<int, int>? Channels(Tensor x, Tensor scale, Tensor? zeroPoint, long axis)
    {
        if (zeroPoint is not null && zeroPoint.ElementCount != scale.ElementCount) return null;
        if (scale.ElementCount == 1) return _ => 0;
        axis = axis < 0 ? axis + x.Rank : axis;
        if (scale.Rank != 1 || axis < 0 || axis >= x.Rank || x.Dimensions[axis] != scale.ElementCount) return null;
        var inner = (int)x.Dimensions.Skip((int)axis + 1).Aggregate(1L, (p, e) => p * e);
        var channels = (int)scale.ElementCount;
        return i => i / inner % channels;
    }
}
