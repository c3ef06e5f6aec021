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

    private const float TanhBound = 9f;

    private const float Rounder = 12582912f;

    // Beyond these e^x is infinite, or zero, in single precision.
    private const float ExpHigh = 89f;
    private const float ExpLow = -104.5f;

    /// <summary>e^x = 2^n e^r: a polynomial in r (Cephes expf), and 2^n so applied that denormal results are right too.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        // The second operand comes through when either is NaN.
        x = Vector512.MinNative(Vector512.Create(ExpHigh), Vector512.MaxNative(Vector512.Create(ExpLow), x));
        // In numbers of this size a unit is 1: adding it rounds.
        var n = Vector512.FusedMultiplyAdd(x, Vector512.Create(Log2E), Vector512.Create(Rounder)) - Vector512.Create(Rounder);
        var r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-Ln2High), x);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-Ln2Low), r);
        var p = Polynomial(r, 1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f);
        p = Vector512.FusedMultiplyAdd(p, r * r, r) + Vector512<float>.One;
        if (Avx512F.IsSupported) return Avx512F.Scale(p, n);
        var exponent = Vector512.ConvertToInt32Native(n);
        var half = exponent >> 1;
        return p * PowerOfTwo(half) * PowerOfTwo(exponent - half);
    }

    /// <summary>
    /// ln x = e ln 2 + ln m with m in [sqrt 1/2, sqrt 2): a polynomial in m - 1 (Cephes logf). Negative numbers give NaN, zeros -infinity.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Log(Vector512<float> x)
    {
        // Denormals are brought up by 2^25 first, and the exponent down again.
        var tiny = Vector512.LessThan(x, Vector512.Create(1.17549435e-38f));
        var scaled = Vector512.ConditionalSelect(tiny, x * 33554432f, x);
        // Subtracting sqrt 1/2 in integers carries into the exponent exactly where the fraction is above it.
        var bits = scaled.AsInt32() - Vector512.Create(0x3f3504f3);
        var m = ((bits & Vector512.Create(0x007fffff)) + Vector512.Create(0x3f3504f3)).AsSingle() - Vector512<float>.One;
        var e = Vector512.ConvertToSingle(bits >> 23) + Vector512.ConditionalSelect(tiny, Vector512.Create(-25f), Vector512<float>.Zero);
        var z = m * m;
        var p = Polynomial(m, 7.0376836292e-2f, -1.1514610310e-1f, 1.1676998740e-1f, -1.2420140846e-1f, 1.4249322787e-1f, -1.6668057665e-1f);
        p = Vector512.FusedMultiplyAdd(p, m, Vector512.Create(2.0000714765e-1f));
        p = Vector512.FusedMultiplyAdd(p, m, Vector512.Create(-2.4999993993e-1f));
        p = Vector512.FusedMultiplyAdd(p, m, Vector512.Create(3.3333331174e-1f));
        var y = Vector512.FusedMultiplyAdd(p * z, m, e * Ln2Low);
        y = Vector512.FusedMultiplyAdd(z, Vector512.Create(-0.5f), y);
        y = Vector512.FusedMultiplyAdd(e, Vector512.Create(Ln2High), m + y);
        // Infinity and NaN stay what they are; below zero there is no logarithm.
        y = Vector512.ConditionalSelect(Vector512.LessThan(x, Vector512.Create(float.PositiveInfinity)), y, x);
        y = Vector512.ConditionalSelect(Vector512.LessThan(x, Vector512<float>.Zero), Vector512.Create(float.NaN), y);
        return Vector512.ConditionalSelect(Vector512.Equals(x, Vector512<float>.Zero), Vector512.Create(float.NegativeInfinity), y);
    }

    /// <summary>tanh x = x p(x^2) / q(x^2), a rational approximation; 1 with the sign of x from where that is the nearest number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Tanh(Vector512<float> x)
    {
        var z = x * x;
        var p = Polynomial(z, -2.76076847742355e-16f, 2.00018790482477e-13f, -8.60467152213735e-11f, 5.12229709037114e-08f, 1.48572235717979e-05f);
        p = Vector512.FusedMultiplyAdd(p, z, Vector512.Create(6.37261928875436e-04f));
        p = Vector512.FusedMultiplyAdd(p, z, Vector512.Create(4.89352455891786e-03f));
        var q = Vector512.FusedMultiplyAdd(Vector512.Create(1.19825839466702e-06f), z, Vector512.Create(1.18534705686654e-04f));
        q = Vector512.FusedMultiplyAdd(q, z, Vector512.Create(2.26843463243900e-03f));
        q = Vector512.FusedMultiplyAdd(q, z, Vector512.Create(4.89352518554385e-03f));
        var one = Vector512.CopySign(Vector512<float>.One, x);
        return Vector512.ConditionalSelect(Vector512.GreaterThan(Vector512.Abs(x), Vector512.Create(TanhBound)), one, p * Reciprocal(q) * x);
    }

    /// <summary>1 / (1 + e^-x), with e^-|x| in place of e^-x so that nothing overflows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sigmoid(Vector512<float> x)
    {
        var e = Exp(-Vector512.Abs(x));
        var above = Reciprocal(Vector512<float>.One + e);
        return Vector512.ConditionalSelect(Vector512.LessThan(x, Vector512<float>.Zero), e * above, above);
    }

    /// <summary>1 / x for x between 2^-100 and 2^100: from a guess of 14 bits, twice as many by one step of Newton's.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Reciprocal(Vector512<float> x)
    {
        if (!Avx512F.IsSupported) return Vector512<float>.One / x;
        var guess = Avx512F.Reciprocal14(x);
        var miss = Vector512.FusedMultiplyAdd(-x, guess, Vector512<float>.One);
        return Vector512.FusedMultiplyAdd(guess, miss, guess);
    }

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
