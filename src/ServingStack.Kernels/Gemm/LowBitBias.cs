namespace ServingStack.Kernels.Gemm;

/// <summary>
/// The bias that goes with activations as signed bytes: what their zero point contributes to each channel is taken off, once, at packing.
/// </summary>
internal static class LowBitBias
{
    public static float[] Of(LowBitProblem problem, GemmWeights weights)
    {
        var bias = weights.Bias.IsEmpty ? new float[problem.N] : weights.Bias.ToArray();
        // Unsigned bytes are read as signed ones, 128 less.
        var zeroPoint = weights.ZeroPointA - (problem.A == DataType.UInt8 ? 128 : 0);
        if (zeroPoint == 0) return bias;
        var sums = ColumnSums(problem, weights);
        foreach (var outlier in weights.Outliers.Span) sums[outlier.Column] += Outlier.ValueOf(Outlier.Pack(outlier.Row, outlier.Value));
        for (var n = 0; n < problem.N; n++) bias[n] = (float)(bias[n] - (zeroPoint * sums[n] * weights.Scale.Span[n]));
        return bias;
    }

    private static double[] ColumnSums(LowBitProblem problem, GemmWeights weights)
    {
        var sums = new double[problem.N];
        for (var n = 0; n < problem.N; n++)
            for (var b = 0; b < problem.Blocks; b++)
            {
                var at = (n * problem.Blocks) + b;
                var zero = problem.HasZeroPoints ? weights.BlockZeroPoints.Span[at] : 8;
                var numbers = 0;
                for (var k = b * problem.Block; k < Math.Min(problem.K, (b + 1) * problem.Block); k++)
                    numbers += LowBitColumns.Weight(problem, weights.B.Span, k, n) - zero;
                sums[n] += (double)numbers * weights.BlockScales.Span[at];
            }
        return sums;
    }
}
