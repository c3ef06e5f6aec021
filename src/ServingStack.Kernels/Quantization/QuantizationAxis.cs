namespace ServingStack.Kernels.Quantization;

/// <summary>
/// Scales and zero points of a tensor seen as [outer, channels, inner]: one of each per channel, or one for all (then channels = 1 and
/// outer = 1 will do). The arrays are kept where the garbage collector leaves them.
/// </summary>
public sealed class QuantizationAxis
{
    /// <param name="zeroPoints">As many as scales, or empty for zeros.</param>
    public QuantizationAxis(ReadOnlySpan<float> scales, ReadOnlySpan<int> zeroPoints, long outer, long inner)
    {
        if (scales.Length == 0 || (zeroPoints.Length > 0 && zeroPoints.Length != scales.Length))
            throw new ArgumentException($"{scales.Length} scales with {zeroPoints.Length} zero points: expected as many of both.");
        Scales = GC.AllocateArray<float>(scales.Length, pinned: true);
        ZeroPoints = GC.AllocateArray<int>(scales.Length, pinned: true);
        scales.CopyTo(Scales);
        zeroPoints.CopyTo(ZeroPoints);
        (Outer, Inner) = (outer, inner);
    }

    public long Outer { get; }

    public long Channels => Scales.Length;

    public long Inner { get; }

    public long Count => Outer * Channels * Inner;

    internal float[] Scales { get; }

    internal int[] ZeroPoints { get; }

    /// <summary>One scale for <paramref name="count"/> numbers.</summary>
    public static QuantizationAxis PerTensor(float scale, int zeroPoint, long count) => new([scale], [zeroPoint], 1, count);
}
