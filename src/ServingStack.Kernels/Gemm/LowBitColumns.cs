namespace ServingStack.Kernels.Gemm;

/// <summary>Reads weights as they are given, one at a time: for packing and for the reference.</summary>
internal static class LowBitColumns
{
    /// <summary>The number from 0 to 15 at depth <paramref name="k"/> of channel <paramref name="n"/>.</summary>
    public static int Weight(LowBitProblem problem, ReadOnlySpan<byte> packed, int k, int n)
    {
        var block = (n * problem.Blocks) + (k / problem.Block);
        return Nibbles.Get(packed.Slice(checked((int)(block * Nibbles.BytesFor(problem.Block)))), k % problem.Block);
    }

    /// <summary>For each channel its outliers as packed words, by depth; those at the same place stay in the order given.</summary>
    public static uint[][] Of(LowBitProblem problem, ReadOnlySpan<Outlier> outliers)
    {
        var columns = new List<Outlier>[problem.N];
        for (var n = 0; n < problem.N; n++) columns[n] = [];
        foreach (var outlier in outliers) columns[outlier.Column].Add(outlier);
        return Array.ConvertAll(columns, column => column.OrderBy(o => o.Row).Select(o => Outlier.Pack(o.Row, o.Value)).ToArray());
    }
}
