using Spectre.Console;

namespace ServingStack.Benchmarks;

/// <summary>What the rows of each precision and batch come to: the geometric mean of their ratios, and the least.</summary>
internal static class GeometricMeans
{
    public static void Print(IReadOnlyList<NetworkMeasurement> rows)
    {
        foreach (var group in rows.GroupBy(row => (row.Precision, row.Batch)).OrderBy(g => g.Key))
        {
            var mean = Math.Exp(group.Average(row => Math.Log(row.Ratio)));
            var least = group.MinBy(row => row.Ratio)!;
            AnsiConsole.WriteLine(
                $"{group.Key.Precision}, batch {group.Key.Batch}: geometric mean {Number(mean)} of {group.Count()}, " +
                $"least {Number(least.Ratio)} ({least.Network})");
        }
    }

    private static string Number(double ratio) => Report<NetworkMeasurement>.Number(ratio, "0.00");
}
