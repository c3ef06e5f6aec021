using System.Runtime.InteropServices;

namespace ServingStack.Kernels.Tests;

/// <summary>
/// Equality as each kind of kernel promises it: integer arithmetic agrees bit for bit, whatever the output type; fp32 sums may be added in
/// another order, and agree to 2e-5 of the larger of 1 and the value.
/// </summary>
internal static class Comparison
{
    private const float FloatBound = 2e-5f;

    public static void AssertEqual(DataType output, bool floatSums, ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual, string what)
    {
        if (floatSums) AssertClose(MemoryMarshal.Cast<byte, float>(expected), MemoryMarshal.Cast<byte, float>(actual), what);
        else AssertSame(expected, actual, output.Size(), what);
    }

    /// <summary>
    /// Each float differs by at most <paramref name="bound"/>; for algorithms whose errors go with a tensor's largest number.
    /// </summary>
    public static void AssertWithin(float bound, ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, string what)
    {
        for (var i = 0; i < expected.Length; i++)
            if (!(MathF.Abs(expected[i] - actual[i]) <= bound))
                Assert.Fail($"{what}: element {i} of {expected.Length} is {actual[i]} instead of {expected[i]}, farther than {bound}.");
    }

    private static void AssertSame(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual, int elementBytes, string what)
    {
        var at = expected.CommonPrefixLength(actual);
        if (at == expected.Length) return;
        Assert.Fail($"{what}: element {at / elementBytes} of {expected.Length / elementBytes} differs: "
            + $"byte {at} is {actual[at]} instead of {expected[at]}.");
    }

    private static void AssertClose(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, string what)
    {
        for (var i = 0; i < expected.Length; i++)
            if (!(MathF.Abs(expected[i] - actual[i]) <= FloatBound * MathF.Max(1, MathF.Abs(expected[i]))))
                Assert.Fail($"{what}: element {i} of {expected.Length} is {actual[i]} instead of {expected[i]}.");
    }
}
