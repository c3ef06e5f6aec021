namespace ServingStack.Kernels.Reference;

/// <summary>Softmax and the normalizations, lane by lane, in double precision.</summary>
internal static class ReferenceNormalization
{
    public static double[] Softmax(float[] x, long outer, long length, long inner, bool logarithm) =>
        AlongMiddle(x, outer, length, inner, lane =>
        {
            var max = lane.Max();
            var sum = lane.Sum(value => Math.Exp(value - max));
            return [.. lane.Select(value => logarithm ? value - max - Math.Log(sum) : Math.Exp(value - max) / sum)];
        });

    public static double[] Layer(float[] x, float[] scale, float[] bias, long rows, double epsilon) =>
        AlongMiddle(x, rows, scale.Length, 1, row =>
        {
            var mean = row.Average();
            var deviation = Math.Sqrt(row.Average(value => (value - mean) * (value - mean)) + epsilon);
            return [.. row.Select((value, i) => ((value - mean) / deviation * scale[i]) + bias[i])];
        });

    public static double[] Batch(float[] x, float[] scale, float[] bias, float[] mean, float[] variance, double epsilon) =>
        AlongMiddle(x, x.Length / scale.Length, scale.Length, 1, pixel =>
            [.. pixel.Select((value, c) => ((value - mean[c]) / Math.Sqrt(variance[c] + epsilon) * scale[c]) + bias[c])]);

    public static double[] LocalResponse(float[] x, int channels, int size, double alpha, double beta, double bias) =>
        AlongMiddle(x, x.Length / channels, channels, 1, pixel => [.. pixel.Select((value, c) =>
        {
            var first = Math.Max(0, c - ((size - 1) / 2));
            var last = Math.Min(channels - 1, c + (size / 2));
            return value / Math.Pow(bias + (alpha / size * pixel[first..(last + 1)].Sum(v => v * v)), beta);
        })]);

    /// <summary>Applies a function to every lane along the middle axis of a [outer, length, inner] tensor.</summary>
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
