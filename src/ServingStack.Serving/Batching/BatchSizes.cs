namespace ServingStack.Serving.Batching;

/// <summary>
/// The batch sizes that plans are built for. A batch runs on the next size up, the rows left over are zero: a plan for every single size
/// would cost memory and load time, powers of two alone would waste up to half of the work.
/// </summary>
public static class BatchSizes
{
    /// <summary>1, 2, 3, 4, 6, 8, 12, 16, ... and last <paramref name="maxRows"/> itself.</summary>
    public static int[] UpTo(int maxRows)
    {
        var sizes = new List<int>();
        for (var power = 1; power < maxRows; power *= 2)
        {
            sizes.Add(power);
            if (power > 1 && power + (power / 2) < maxRows) sizes.Add(power + (power / 2));
        }
        sizes.Add(maxRows);
        return [.. sizes];
    }

    /// <summary>The smallest of <paramref name="sizes"/> that holds <paramref name="rows"/>.</summary>
    public static int For(int rows, ReadOnlySpan<int> sizes)
    {
        foreach (var size in sizes)
            if (size >= rows) return size;
        throw new ArgumentOutOfRangeException(nameof(rows), rows, $"The largest batch is {sizes[^1]}.");
    }
}
