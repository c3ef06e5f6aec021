namespace ServingStack.Kernels.Gemm;

/// <summary>Refuses low-bit problems that no kernel could compute; messages name the value and what was expected.</summary>
internal static class LowBitChecks
{
    public const int LargestOutlierRow = ushort.MaxValue;
    private const int BlockStep = 16;

    public static void Check(LowBitProblem problem)
    {
        GemmChecks.Check(problem.ForChecks());
        if (problem.Epilogue.Output == DataType.Int32)
            throw new ArgumentException("The output is Int32, but sums of scaled blocks are no integers; ask for Float32, UInt8 or Int8.");
        if (problem.Epilogue.Before is not null)
            throw new ArgumentException("Sums of scaled blocks are no integers and are not rounded; leave Before out.");
        if (problem.Block < 1 || (problem.Block < problem.K && problem.Block % BlockStep != 0))
            throw new ArgumentException($"The block is {problem.Block}; a multiple of {BlockStep}, or K = {problem.K} or more, is expected.");
        if (problem.HasOutliers && problem.K > LargestOutlierRow + 1)
            throw new ArgumentException($"K is {problem.K}; with outliers it can be {LargestOutlierRow + 1} at most.");
    }

    public static void Check(LowBitProblem problem, GemmWeights weights)
    {
        var blocks = (long)problem.N * problem.Blocks;
        GemmChecks.Count(weights.B.Length, problem.N * RowBytes(problem), "bytes of 4-bit weights");
        GemmChecks.Count(weights.BlockScales.Length, blocks, "block scales");
        GemmChecks.Count(weights.BlockZeroPoints.Length, problem.HasZeroPoints ? blocks : 0, "block zero points");
        var bytes = problem.A != DataType.Float32;
        GemmChecks.Count(weights.Scale.Length, bytes ? problem.N : 0, "scales");
        GemmChecks.CountOrNone(weights.Bias.Length, problem.N, "floats of bias");
        GemmChecks.Count(weights.IntegerBias.Length, 0, "integers of bias");
        if (!bytes && weights.ZeroPointA != 0)
            throw new ArgumentException($"The zero point of Float32 activations is {weights.ZeroPointA}; 0 is expected.");
        if (!problem.HasOutliers) GemmChecks.Count(weights.Outliers.Length, 0, "outliers");
        foreach (var outlier in weights.Outliers.Span) Check(problem, outlier);
    }

    /// <summary>Bytes of one channel's weights: whole blocks.</summary>
    public static long RowBytes(LowBitProblem problem) => problem.Blocks * Nibbles.BytesFor(problem.Block);

    /// <summary>The same product as a plain one, for what both check alike.</summary>
    public static GemmProblem ForChecks(this LowBitProblem problem) => new(problem.N, problem.K, problem.A, problem.Epilogue);

    private static void Check(LowBitProblem problem, Outlier outlier)
    {
        if ((uint)outlier.Row >= (uint)problem.K || (uint)outlier.Column >= (uint)problem.N || !float.IsFinite(outlier.Value))
            throw new ArgumentException($"{outlier} is no finite number inside the {problem.K} x {problem.N} weights.");
    }
}
