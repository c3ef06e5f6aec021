namespace ServingStack.Kernels.Reference;

/// <summary>Softmax and the normalizations over a [outer, length, inner] tensor, in double precision.</summary>
internal static class ReferenceNormalization
{
    public static double[] Softmax(float[] x, long outer, long length, long inner, bool logarithm) => AlongMiddle(x, outer, length, inner, lane =>
    {
        var max = lane.Max();
        var sum = lane.Sum(value => Math.Exp(value - max));
        return [.. lane.Select(value => logarithm ? value - max - Math.Log(sum) : Math.Exp(value - max) / sum)];
    });

    /// <summary>Applies a function to every lane along the middle axis.</summary>
    public static double[] AlongMiddle(float[] x, long outer, long length, long inner, Func<double[], double[]> f)
    {
        var y = new double[x.Length];
        for (long o = 0; o < outer; o++)
        {
            for (long i = 0; i < inner; i++)
            {
                var lane = f([.. Enumerable.Range(0, (int)length).Select(l => (double)x[(((o * length) + l) * inner) + i])]);
                for (var l = 0; l < length; l++) y[(((o * length) + l) * inner) + i] = lane[l];
            }
        }

        return y;
    }
}
