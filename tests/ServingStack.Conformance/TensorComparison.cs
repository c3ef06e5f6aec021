using ServingStack.Graphs;

namespace ServingStack.Conformance;

/// <summary>Compares an output with what a case expects, as ONNX's own runner does (relative 1e-3), but for 8-bit tensors one step.</summary>
internal static class TensorComparison
{
    private const float Relative = 1e-3f;
    private const float Absolute = 1e-6f;

    /// <summary>Where the tensors differ first, or null when they agree.</summary>
    public static string? Difference(Tensor expected, Tensor actual)
    {
        if (actual.ElementType != expected.ElementType || !actual.Dimensions.AsSpan().SequenceEqual(expected.Dimensions))
            return $"expected {expected.ElementType}{expected.Shape}, got {actual.ElementType}{actual.Shape}";
        return expected.ElementType switch
        {
            ElementType.Float32 => FloatDifference(expected.As<float>(), actual.As<float>()),
            ElementType.UInt8 or ElementType.Int8 => ByteDifference(expected.ToInt64s(), actual.ToInt64s()),
            _ => expected.Bytes.Span.SequenceEqual(actual.Bytes.Span) ? null : "other bytes",
        };
    }

    private static string? FloatDifference(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        for (var i = 0; i < expected.Length; i++)
            if (!expected[i].Equals(actual[i]) && !(Math.Abs(expected[i] - actual[i]) <= Absolute + (Relative * Math.Abs(expected[i]))))
                return $"element {i}: expected {expected[i]}, got {actual[i]}";
        return null;
    }

    private static string? ByteDifference(long[] expected, long[] actual)
    {
        var different = 0;
        for (var i = 0; i < expected.Length; i++)
        {
            if (Math.Abs(expected[i] - actual[i]) > 1) return $"element {i}: expected {expected[i]}, got {actual[i]}";
            if (expected[i] != actual[i]) different++;
        }
        return different <= Math.Max(1, expected.Length / 1000) ? null : $"{different} of {expected.Length} elements differ by one";
    }
}
