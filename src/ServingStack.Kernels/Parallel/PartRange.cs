namespace ServingStack.Kernels.Parallel;

/// <summary>
/// Which of <c>count</c> items belong to a part: the boundaries depend on the numbers alone, so a run with the same parts does the same
/// work in the same place.
/// </summary>
internal readonly record struct PartRange(long Start, long End)
{
    // Below this much memory traffic a part costs less than handing it over.
    private const long BytesPerPart = 16 * 1024;

    /// <summary>Part <paramref name="part"/> of <paramref name="parts"/>; boundaries are multiples of <paramref name="grain"/>.</summary>
    public static PartRange Of(long count, int part, int parts, int grain = 1)
    {
        var grains = (count + grain - 1) / grain;
        return new(grains * part / parts * grain, Math.Min(count, grains * (part + 1) / parts * grain));
    }

    /// <summary>How many parts pay for work on that many items that moves that many bytes: at least 1.</summary>
    public static int MaxParts(long items, long bytes) => (int)Math.Clamp(Math.Min(items, bytes / BytesPerPart), 1, 1024);
}
