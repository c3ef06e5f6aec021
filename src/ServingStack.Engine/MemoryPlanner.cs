namespace ServingStack.Engine;

/// <summary>When a buffer is in use: from the step that writes it to the last step that reads it, both included.</summary>
internal readonly record struct Lifetime(long Bytes, int FirstStep, int LastStep)
{
    public bool Overlaps(Lifetime other) => FirstStep <= other.LastStep && other.FirstStep <= LastStep;
}

/// <summary>
/// Places buffers in one arena so that no two that live at the same time overlap. Greedy by size: the largest buffer first, each into the
/// tightest gap that the buffers placed before leave free during its life, else behind them.
/// </summary>
internal static class MemoryPlanner
{
    /// <summary>A cache line, and the width of the widest vector load.</summary>
    public const long Alignment = 64;

    /// <summary>Offsets in the order of <paramref name="lifetimes"/>, each a multiple of <see cref="Alignment"/>, and the arena's bytes.</summary>
    public static (long[] Offsets, long ArenaBytes) Place(IReadOnlyList<Lifetime> lifetimes)
    {
        var offsets = new long[lifetimes.Count];
        var placed = new List<(long Start, long End, int Index)>();
        foreach (var index in Enumerable.Range(0, lifetimes.Count).OrderByDescending(i => lifetimes[i].Bytes))
        {
            var bytes = Align(lifetimes[index].Bytes);
            var neighbours = placed.Where(p => lifetimes[p.Index].Overlaps(lifetimes[index])).OrderBy(p => p.Start);
            offsets[index] = TightestGap(neighbours, bytes);
            placed.Add((offsets[index], offsets[index] + bytes, index));
        }
        return (offsets, placed.Select(p => p.End).DefaultIfEmpty().Max());
    }

    public static long Align(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;

    private static long TightestGap(IEnumerable<(long Start, long End, int Index)> neighbours, long bytes)
    {
        long best = -1, bestSize = long.MaxValue, end = 0;
        foreach (var neighbour in neighbours)
        {
            var gap = neighbour.Start - end;
            if (gap >= bytes && gap < bestSize) (best, bestSize) = (end, gap);
            end = Math.Max(end, neighbour.End);
        }
        return best >= 0 ? best : end;
    }
}
