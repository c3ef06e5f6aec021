namespace ServingStack.Graphs.ValueAware;

/// <summary>
/// The few large numbers of a tensor as a list of gaps and values: each gap leads from the number before, the first from the start. A gap
/// that is too wide for its bits is bridged by zeros, which add nothing. Of gaps of 8 and of 16 bits the shorter list is taken.
/// </summary>
public sealed class LargeValues
{
    private LargeValues(ElementType gapType, ushort[] gaps, Half[] values) => (GapType, Gaps, Values) = (gapType, gaps, values);

    /// <summary>UInt8 or UInt16.</summary>
    public ElementType GapType { get; }

    public IReadOnlyList<ushort> Gaps { get; }

    public IReadOnlyList<Half> Values { get; }

    /// <summary>Bits of gaps, and of values with the zeros among them.</summary>
    public long GapBits => Gaps.Count * GapType.BitsOf();

    public long ValueBits => Values.Count * 16L;

    /// <param name="entries">Places, ascending, and what stands there.</param>
    public static LargeValues Of(IReadOnlyList<(long Place, Half Value)> entries)
    {
        var (bytes, words) = (With(ElementType.UInt8, entries), With(ElementType.UInt16, entries));
        return bytes.GapBits + bytes.ValueBits <= words.GapBits + words.ValueBits ? bytes : words;
    }

    public static LargeValues From(Tensor gaps, Tensor values) =>
        new(gaps.ElementType, [.. gaps.ToInt64s().Select(g => (ushort)g)], values.As<Half>().ToArray());

    /// <summary>The places with a value that is not zero.</summary>
    public IEnumerable<(long Place, Half Value)> Entries()
    {
        var place = 0L;
        for (var i = 0; i < Gaps.Count; i++)
        {
            place += Gaps[i];
            if (Values[i] != Half.Zero) yield return (place, Values[i]);
        }
    }

    public Tensor GapTensor() => GapType == ElementType.UInt8
        ? Tensor.From<byte>([.. Gaps.Select(g => (byte)g)], Gaps.Count)
        : Tensor.From<ushort>([.. Gaps], Gaps.Count);

    public Tensor ValueTensor() => Tensor.From<Half>([.. Values], Values.Count);

    private static LargeValues With(ElementType type, IReadOnlyList<(long Place, Half Value)> entries)
    {
        var most = type == ElementType.UInt8 ? byte.MaxValue : ushort.MaxValue;
        var (gaps, values, last) = (new List<ushort>(), new List<Half>(), 0L);
        foreach (var (place, value) in entries)
        {
            for (; place - last > most; last += most) Add((ushort)most, Half.Zero);
            Add((ushort)(place - last), value);
            last = place;
        }
        // An empty list would be a tensor without elements, which not every runtime takes.
        if (gaps.Count == 0) Add(0, Half.Zero);
        return new(type, [.. gaps], [.. values]);

        void Add(ushort gap, Half value)
        {
            gaps.Add(gap);
            values.Add(value);
        }
    }
}
