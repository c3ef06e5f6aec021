using System.Collections.Concurrent;
using System.Diagnostics;
using System.Numerics;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Embedding;

/// <summary>
/// How many rows ahead to ask for a row, and into which cache. Too near, and memory does not answer in time; too far, and the processor can
/// keep no more questions open, or the first-level cache loses the row again. So it is measured, on the table itself and once for tables
/// alike: a few hundredths of a second when a table is first bound. Its rows should be set by then: pages that were never written all lie
/// in one place.
/// </summary>
internal static class PrefetchTuning
{
    private const int Lookups = 8192;
    private const int RowsPerBag = 32;
    private const int Rounds = 4;

    private static readonly RowPrefetch[] Candidates =
        [new(0), new(8), new(16), new(32), new(64), new(16, true), new(32, true), new(64, true)];

    private static readonly ConcurrentDictionary<(EmbeddingRowFormat Rows, int Magnitude), RowPrefetch> Measured = new();

    public static RowPrefetch For(EmbeddingBagProblem problem, EmbeddingBagOperands operands)
    {
        var bytes = operands.Rows * problem.Rows.Stride;
        // What the second-level cache holds comes soon enough by itself.
        if (bytes <= MachineFeatures.Current.Caches.L2 / 2) return new(0);
        return Measured.GetOrAdd(
            (problem.Rows, BitOperations.Log2((ulong)bytes)), static (_, o) => Measure(o.Rows, o.Operands), (problem.Rows, Operands: operands));
    }

    private static RowPrefetch Measure(EmbeddingRowFormat format, EmbeddingBagOperands operands)
    {
        var problem = new EmbeddingBagProblem(format, DataType.Int64);
        // Every run reads rows of its own: none finds them in a cache because another one was there.
        var runs = Candidates.Length * Rounds;
        using var indices = new NativeBuffer((long)Lookups * runs * sizeof(long));
        using var output = new NativeBuffer((long)Lookups / RowsPerBag * format.Dimension * sizeof(float));
        var random = new Random(41);
        foreach (ref var index in indices.Span<long>()) index = random.NextInt64(operands.Rows);
        var kernels = Enumerable.Range(0, runs).Select(i => new EmittedEmbeddingBag(
            "embeddingbag_tuning", problem, operands with
            {
                Indices = indices.Address + (i * Lookups * sizeof(long)),
                IndexCount = Lookups,
                Bags = Lookups / RowsPerBag,
                Output = output.Address,
            }, Candidates[i % Candidates.Length])).ToArray();
        return Candidates[Fastest(kernels)];
    }

    /// <summary>The candidate with the best run; they take turns, so that what disturbs the machine for a while disturbs all.</summary>
    private static int Fastest(EmittedEmbeddingBag[] kernels)
    {
        var best = Enumerable.Repeat(long.MaxValue, Candidates.Length).ToArray();
        for (var i = 0; i < kernels.Length; i++)
        {
            var start = Stopwatch.GetTimestamp();
            kernels[i].Run(0, 1);
            best[i % best.Length] = Math.Min(best[i % best.Length], Stopwatch.GetTimestamp() - start);
        }
        return Array.IndexOf(best, best.Min());
    }
}
