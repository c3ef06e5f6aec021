using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ServingStack.Kernels.Vectors;

/// <summary>
/// Transcendental functions of sixteen floats, within a few units in the last place of the true value. NaN stays NaN. Lanes do not
/// influence each other.
/// </summary>
internal static class VectorMath
{
    private const float Log2E = 1.44269504f;

    // ln 2 in two pieces: the product of the first with an integer below 2^15 is exact.
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;

    // Beyond these e^x is infinite, or zero, in single precision.
    private const float ExpHigh = 89f;
    private const float ExpLow = -104.5f;

    /// <summary>e^x = 2^n e^r: a polynomial in r (Cephes expf), and 2^n in two factors so that denormal results are right too.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        // The second operand comes through when either is NaN.
        x = Vector512.MinNative(Vector512.Create(ExpHigh), Vector512.MaxNative(Vector512.Create(ExpLow), x));
        var n = Vector512.Round(x * Log2E);
        var r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-Ln2High), x);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-Ln2Low), r);
        var p = Polynomial(r, 1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f);
        p = Vector512.FusedMultiplyAdd(p, r * r, r) + Vector512<float>.One;
        var exponent = Vector512.ConvertToInt32Native(n);
        var half = exponent >> 1;
        return p * PowerOfTwo(half) * PowerOfTwo(exponent - half);
    }

    /// <summary>tanh x: an odd polynomial near zero (Cephes tanhf), 1 - 2 / (e^2|x| + 1) with the sign of x elsewhere.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Tanh(Vector512<float> x)
    {
        var z = x * x;
        var p = Polynomial(z, -5.70498872745e-3f, 2.06390887954e-2f, -5.37397155531e-2f, 1.33314422036e-1f, -3.33332819422e-1f);
        var near = Vector512.FusedMultiplyAdd(p * z, x, x);
        var magnitude = Vector512.Abs(x);
        var far = Vector512<float>.One - (Vector512.Create(2f) / (Exp(magnitude + magnitude) + Vector512<float>.One));
        far = Vector512.CopySign(far, x);
        return Vector512.ConditionalSelect(Vector512.LessThan(magnitude, Vector512.Create(0.625f)), near, far);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sigmoid(Vector512<float> x) => Vector512<float>.One / (Vector512<float>.One + Exp(-x));

    /// <summary>The error function: x plus an odd polynomial below 0.9277, 1 - e^(polynomial in |x|) above.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Erf(Vector512<float> x)
    {
        var t = Vector512.Abs(x);
        var s = x * x;
        var near = Polynomial(s, -5.96761703e-4f, 4.99119423e-3f, -2.67681349e-2f, 1.12819925e-1f, -3.76125336e-1f, 1.28379166e-1f);
        near = Vector512.FusedMultiplyAdd(near, x, x);
        var high = Vector512.FusedMultiplyAdd(Vector512.Create(-1.72853470e-5f), t, Vector512.Create(3.83197126e-4f));
        var low = Vector512.FusedMultiplyAdd(Vector512.Create(-3.88396438e-3f), t, Vector512.Create(2.42546219e-2f));
        var q = Vector512.FusedMultiplyAdd(high, s, low);
        q = Vector512.FusedMultiplyAdd(q, t, Vector512.Create(-1.06777877e-1f));
        q = Vector512.FusedMultiplyAdd(q, t, Vector512.Create(-6.34846687e-1f));
        q = Vector512.FusedMultiplyAdd(q, t, Vector512.Create(-1.28717512e-1f));
        q = Vector512.FusedMultiplyAdd(q, t, -t);
        var far = Vector512.CopySign(Vector512<float>.One - Exp(q), x);
        return Vector512.ConditionalSelect(Vector512.GreaterThan(t, Vector512.Create(0.927734375f)), far, near);
    }

    /// <summary>
    /// Brings x into [low, high]; NaN becomes low, as in ONNX Runtime's quantization. Written with comparisons because the machines'
    /// min and max instructions disagree about NaN.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Clamp(Vector512<float> x, Vector512<float> low, Vector512<float> high)
    {
        x = Vector512.ConditionalSelect(Vector512.GreaterThan(x, low), x, low);
        return Vector512.ConditionalSelect(Vector512.LessThan(x, high), x, high);
    }

    /// <summary>To the nearest integer, halves to even; x must be within the integers' range.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> RoundToInt32(Vector512<float> x) => Avx512F.IsSupported
        ? Avx512F.ConvertToVector512Int32(x)
        : Vector512.ConvertToInt32Native(Vector512.Round(x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> PowerOfTwo(Vector512<int> exponent) => ((exponent + Vector512.Create(127)) << 23).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Polynomial(Vector512<float> x, float c4, float c3, float c2, float c1, float c0)
    {
        var p = Vector512.FusedMultiplyAdd(Vector512.Create(c4), x, Vector512.Create(c3));
        p = Vector512.FusedMultiplyAdd(p, x, Vector512.Create(c2));
        p = Vector512.FusedMultiplyAdd(p, x, Vector512.Create(c1));
        return Vector512.FusedMultiplyAdd(p, x, Vector512.Create(c0));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Polynomial(Vector512<float> x, float c5, float c4, float c3, float c2, float c1, float c0) =>
        Vector512.FusedMultiplyAdd(Polynomial(x, c5, c4, c3, c2, c1), x, Vector512.Create(c0));
}
