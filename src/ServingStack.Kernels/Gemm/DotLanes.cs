using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ServingStack.Kernels.Gemm;

/// <summary>The arithmetic of managed products: lanes of inputs, and the wider lanes that sums are kept in.</summary>
internal interface IDotLanes<TInput, TSum>
    where TInput : unmanaged
    where TSum : unmanaged
{
    /// <summary>
    /// <paramref name="sum"/> plus products of neighbouring lanes; which products meet in which lane of the sum does not matter.
    /// </summary>
    static abstract Vector256<TSum> MultiplyAdd(Vector256<TSum> sum, Vector256<TInput> a, Vector256<TInput> b);
}

/// <summary>Bytes widened to 16 bits, zero point already taken off: two products fit one 32-bit lane exactly.</summary>
internal readonly struct ShortLanes : IDotLanes<short, int>
{
    public static Vector256<int> MultiplyAdd(Vector256<int> sum, Vector256<short> a, Vector256<short> b) => Avx2.IsSupported
        ? sum + Avx2.MultiplyAddAdjacent(a, b)
        : sum + (Vector256.WidenLower(a) * Vector256.WidenLower(b)) + (Vector256.WidenUpper(a) * Vector256.WidenUpper(b));
}

internal readonly struct FloatLanes : IDotLanes<float, float>
{
    public static Vector256<float> MultiplyAdd(Vector256<float> sum, Vector256<float> a, Vector256<float> b) =>
        Vector256.MultiplyAddEstimate(a, b, sum);
}
