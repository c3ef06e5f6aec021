namespace ServingStack.Kernels.Embedding;

/// <summary>Which bytes to ask for, so that every cache line of a row comes, wherever in a line the row begins.</summary>
internal static class RowLines
{
    private const int CacheLine = 64;

    /// <summary>
    /// Offsets from a row's first byte: one a line, and the last byte where a row can end on a line that no other offset lies on. Rows lie
    /// <paramref name="stride"/> bytes apart, the first at the start of a line.
    /// </summary>
    public static IEnumerable<int> Offsets(int rowBytes, int stride)
    {
        var last = 0;
        for (var offset = 0; offset < rowBytes; offset += CacheLine) yield return last = offset;
        // The greatest power of two that divides both.
        var step = Math.Min(CacheLine, stride & -stride);
        for (var start = 0; start < CacheLine; start += step)
        {
            if ((start + rowBytes - 1) / CacheLine == (start + last) / CacheLine) continue;
            yield return rowBytes - 1;
            yield break;
        }
    }
}
