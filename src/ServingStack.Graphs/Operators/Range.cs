using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>ONNX Range: start, limit, delta as scalars.</summary>
internal static class Range
{
    public static void Infer(InferenceContext c) => c.Set(0, c.TypeOf(0), new Shape(Length(c)));

    private static Dimension Length(InferenceContext c)
    {
        if (Scalar(c, 0) is { } start && Scalar(c, 1) is { } limit && Scalar(c, 2) is { } delta)
            return delta == 0 ? throw c.Fail("The delta of Range is 0.") : (long)Math.Max(0, Math.Ceiling((limit - start) / delta));
        return c.IntegersOf(0) is [{ Number: 0 }] && c.IntegersOf(2) is [{ Number: 1 }] && c.IntegersOf(1) is [var end]
            ? end.ToDimension() : Dimension.Unknown;
    }

    private static double? Scalar(InferenceContext c, int input) => c.DataOf(input) is not { ElementCount: 1 } data ? null
        : data.ElementType switch
        {
            ElementType.Float32 => data.As<float>()[0],
            ElementType.Float64 => data.As<double>()[0],
            ElementType.Int64 or ElementType.Int32 or ElementType.Int16 => data.ToInt64s()[0],
            _ => null,
        };
}
