using ServingStack.Zoo;
using Spectre.Console;

namespace ServingStack.Benchmarks;

/// <summary>
/// What the rows of each precision and batch come to, the zoo's networks apart from other files: the geometric mean of their ratios, and the
/// least.
/// </summary>
internal static class GeometricMeans
{
    public static void Print(IReadOnlyList<NetworkMeasurement> rows)
    {
        var groups = rows.GroupBy(row => (OfZoo: NetworkCatalog.All.Any(entry => entry.Name == row.Network), row.Precision, row.Batch));
        foreach (var group in groups.OrderByDescending(g => g.Key.OfZoo).ThenBy(g => (g.Key.Precision, g.Key.Batch)))
        {
            var mean = Math.Exp(group.Average(row => Math.Log(row.Ratio)));
            var least = group.MinBy(row => row.Ratio)!;
            AnsiConsole.WriteLine(
                $"{(group.Key.OfZoo ? "zoo" : "other")}, {group.Key.Precision}, batch {group.Key.Batch}: " +
                $"geometric mean {Number(mean)} of {group.Count()}, " +
                $"least {Number(least.Ratio)} ({least.Network})");
        }
    }

    private static string Number(double ratio) => Report<NetworkMeasurement>.Number(ratio, "0.00");
}
