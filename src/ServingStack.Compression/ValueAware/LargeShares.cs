namespace ServingStack.Compression.ValueAware;

/// <summary>
/// Divides the large weights among layers: the next step goes where it takes away the most relative error for each weight that it costs.
/// </summary>
internal static class LargeShares
{
    private static readonly double[] Steps = [0, 0.0025, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, ValueAwareOptions.MostLarge];

    /// <param name="sizes">Weights of each layer.</param>
    /// <param name="error">The relative error of a layer at a share.</param>
    /// <param name="share">Of all weights together.</param>
    public static double[] Divide(IReadOnlyList<int> sizes, Func<int, double, double> error, double share)
    {
        var level = new int[sizes.Count];
        var errors = sizes.Select((_, i) => Array.ConvertAll(Steps, s => error(i, s))).ToArray();
        var left = share * sizes.Sum(s => (double)s);
        while (true)
        {
            var (best, gain) = (-1, 0.0);
            for (var i = 0; i < level.Length; i++)
            {
                if (level[i] + 1 == Steps.Length || Cost(i) > left) continue;
                var saved = (errors[i][level[i]] - errors[i][level[i] + 1]) / Math.Max(Cost(i), 1e-9);
                if (saved > gain) (best, gain) = (i, saved);
            }
            if (best < 0) return Array.ConvertAll(level, l => Steps[l]);
            left -= Cost(best);
            level[best]++;
        }

        double Cost(int layer) => (Steps[level[layer] + 1] - Steps[level[layer]]) * sizes[layer];
    }
}
