namespace ServingStack.Kernels.Reference;

/// <summary>Reductions of the middle axis of a [outer, length, inner] tensor, in double precision, by kernel name.</summary>
internal static class ReferenceReduction
{
    public static IReadOnlyDictionary<string, Func<double[], double>> Functions { get; } = new Dictionary<string, Func<double[], double>>
    {
        ["sum"] = lane => lane.Sum(),
        ["mean"] = lane => lane.Average(),
        ["max"] = lane => lane.Max(),
        ["min"] = lane => lane.Min(),
        ["sumsquare"] = lane => lane.Sum(x => x * x),
        ["l2"] = lane => Math.Sqrt(lane.Sum(x => x * x)),
    };

    public static double[] Reduce(float[] x, long outer, long length, long inner, Func<double[], double> f) =>
        [.. ReferenceTensor.Indices([outer, inner]).Select(index =>
            f([.. Enumerable.Range(0, (int)length).Select(i => (double)x[(((index[0] * length) + i) * inner) + index[1]])]))];
}
