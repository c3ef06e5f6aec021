using ServingStack.Kernels.Quantization;

namespace ServingStack.Kernels.Reference;

/// <summary>
/// Arithmetic on quantized numbers one at a time. Its float operations and their order are the definition that the vector kernels match bit
/// for bit.
/// </summary>
internal static class ReferenceQuantization
{
    public static int Add(
        int a, int b, QuantizationParameters pa, QuantizationParameters pb, QuantizationParameters py, float low, float high)
    {
        var first = (a - pa.ZeroPoint) * (float)((double)pa.Scale / py.Scale);
        return Round(MathF.FusedMultiplyAdd(b - pb.ZeroPoint, (float)((double)pb.Scale / py.Scale), first), py, low, high);
    }

    public static int Mul(
        int a, int b, QuantizationParameters pa, QuantizationParameters pb, QuantizationParameters py, float low, float high) =>
        Round((a - pa.ZeroPoint) * (b - pb.ZeroPoint) * (float)((double)pa.Scale * pb.Scale / py.Scale), py, low, high);

    public static int Affine(
        int x, float factor, float shift, QuantizationParameters px, QuantizationParameters py, float low, float high) => Round(
            MathF.FusedMultiplyAdd(
                x - px.ZeroPoint, (float)((double)px.Scale * factor / py.Scale), (float)((double)shift / py.Scale)), py, low, high);

    /// <summary>The mean of <paramref name="sum"/> numbers already freed of their zero points.</summary>
    public static int Average(int sum, int count, QuantizationParameters px, QuantizationParameters py) =>
        Round(sum * (float)((double)px.Scale / py.Scale / Math.Max(1, count)), py, py.Least, py.Most);

    private static int Round(float steps, QuantizationParameters p, float low, float high)
    {
        steps = MathF.Max(steps, MathF.Max(low, p.Least) - p.ZeroPoint);
        steps = MathF.Min(steps, MathF.Min(high, p.Most) - p.ZeroPoint);
        return (int)MathF.Round(steps, MidpointRounding.ToEven) + p.ZeroPoint;
    }
}
