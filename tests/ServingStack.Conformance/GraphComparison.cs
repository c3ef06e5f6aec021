using ServingStack.Graphs;

namespace ServingStack.Conformance;

/// <summary>Says where two results of one graph differ: exact but for the rounding of floats.</summary>
internal static class GraphComparison
{
    /// <summary>The last place of a 16-bit float: steps may be evaluated in 16 bits or more.</summary>
    private const double HalfUlp = 1.0 / 1024;

    /// <summary>Null when type, extents and elements agree; floats within a relative distance (of numbers below 1: absolute).</summary>
    public static string? Difference(Tensor expected, Tensor actual, double relative)
    {
        if (expected.ElementType != actual.ElementType || !expected.Dimensions.SequenceEqual(actual.Dimensions))
            return $"expected {expected.ElementType}{expected.Shape}, got {actual.ElementType}{actual.Shape}";
        if (expected.ElementType == ElementType.String)
            return expected.Strings.Zip(actual.Strings).All(p => p.First.AsSpan().SequenceEqual(p.Second)) ? null : "the strings differ";
        if (expected.ElementType is not (ElementType.Float32 or ElementType.Float64 or ElementType.Float16))
            return expected.Bytes.Span.SequenceEqual(actual.Bytes.Span) ? null : "the bytes differ";
        if (expected.ElementType == ElementType.Float16) relative = Math.Max(relative, HalfUlp);
        var (a, b) = (Doubles(expected), Doubles(actual));
        var at = Enumerable.Range(0, a.Length).FirstOrDefault(i => !Close(a[i], b[i], relative), -1);
        return at < 0 ? null : $"element {at} is {b[at]:R}, expected {a[at]:R}";
    }

    private static bool Close(double a, double b, double relative) =>
        a.Equals(b) || a == b || Math.Abs(a - b) <= relative * Math.Max(1, Math.Abs(a));

    private static double[] Doubles(Tensor tensor) => tensor.ElementType switch
    {
        ElementType.Float32 => Array.ConvertAll(tensor.As<float>().ToArray(), v => (double)v),
        ElementType.Float16 => Array.ConvertAll(tensor.As<Half>().ToArray(), v => (double)v),
        _ => tensor.As<double>().ToArray(),
    };
}
