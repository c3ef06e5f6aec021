namespace ServingStack.Kernels.Reference;

/// <summary>Elementwise operators one element at a time, in double precision where they are not exact.</summary>
internal static class ReferenceElementwise
{
    public static float[] Unary(Func<double, double> f, float[] x) => [.. x.Select(value => (float)f(value))];

    public static T[] Binary<T>(Func<T, T, T> f, T[] a, long[] shapeA, T[] b, long[] shapeB, long[] shapeY) =>
        [.. ReferenceTensor.Indices(shapeY).Select(index =>
            f(a[ReferenceTensor.FlatBroadcast(index, shapeA)], b[ReferenceTensor.FlatBroadcast(index, shapeB)]))];

    /// <summary>The error function: its Taylor series near zero, one minus the continued fraction of erfc elsewhere.</summary>
    public static double Erf(double x)
    {
        if (Math.Abs(x) > 2) return Math.Sign(x) * (1 - ComplementOf(Math.Abs(x)));
        double sum = 0, term = x;
        for (var n = 0; n < 60; n++)
        {
            sum += term / ((2 * n) + 1);
            term *= -x * x / (n + 1);
        }

        return sum * 2 / Math.Sqrt(Math.PI);
    }

    private static double ComplementOf(double x)
    {
        double fraction = 0;
        for (var k = 80; k > 0; k--) fraction = k / 2.0 / (x + fraction);
        return Math.Exp(-x * x) / (x + fraction) / Math.Sqrt(Math.PI);
    }
}
