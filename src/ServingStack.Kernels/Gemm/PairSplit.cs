using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// Splits packed weights in two, W = W_main + W_remainder, so that u8 x s8 products of the main part can be added up in 16 bits for a
/// number of steps whatever the activations are: in each 16-bit lane the positive weights of an interval sum to at most 128, the negative
/// ones to at least -128, and 255 times that fits. What is taken off goes to a list of whole 64-byte groups with their offset, which obeys
/// the same bound pair by pair and is added in 32 bits.
/// Source: J. Park et al., "Deep Learning Inference in Facebook Data Centers", 2018 (outlier-aware quantization).
/// </summary>
internal sealed class PairSplit
{
    /// <summary>Bytes of an entry's weights; its offset stands before them.</summary>
    public const int EntryBytes = 64;

    private const int Most = 128;
    private const int PairsOfGroup = 32;

    private readonly int _taps;
    private readonly int _tapBytes;
    private readonly int _tapGroups;

    /// <param name="blocks">Blocks of 16 columns in <paramref name="packed"/>.</param>
    /// <param name="packed">Is replaced by the main part.</param>
    /// <param name="interval">Steps that are added up in 16 bits.</param>
    public PairSplit(Span<byte> packed, int blocks, int taps, int tapBytes, int interval)
    {
        (_taps, _tapBytes, _tapGroups) = (taps, tapBytes, (tapBytes + 3) / 4);
        var blockBytes = packed.Length / blocks;
        Lists = new byte[blocks][];
        var remainder = new sbyte[_tapGroups * EntryBytes];
        for (var block = 0; block < blocks; block++)
            Lists[block] = Split(packed.Slice(block * blockBytes, blockBytes), remainder, interval);
    }

    /// <summary>For each block, for each tap: entries, and an offset of -1.</summary>
    public byte[][] Lists { get; }

    /// <summary>Entries of all lists.</summary>
    public int Entries { get; private set; }

    /// <summary>Weights that were cut.</summary>
    public int Outliers { get; private set; }

    private byte[] Split(Span<byte> panel, sbyte[] remainder, int interval)
    {
        var list = new List<byte>();
        for (var tap = 0; tap < _taps; tap++)
        {
            var weights = MemoryMarshal.Cast<byte, sbyte>(panel.Slice(tap * _tapGroups * EntryBytes, _tapGroups * EntryBytes));
            Array.Clear(remainder);
            for (var first = 0; first < _tapGroups; first += interval)
                for (var pair = 0; pair < PairsOfGroup; pair++)
                    CutLane(weights, remainder, first, Math.Min(first + interval, _tapGroups), pair);
            for (var group = 0; group < _tapGroups; group++) AddEntries(list, remainder.AsSpan(group * EntryBytes, EntryBytes), group);
            AddOffset(list, -1);
        }
        return [.. list];
    }

    private void CutLane(Span<sbyte> weights, sbyte[] remainder, int first, int end, int pair)
    {
        foreach (var sign in (ReadOnlySpan<int>)[1, -1])
        {
            var excess = -Most;
            for (var group = first; group < end; group++)
                for (var i = At(group, pair); i < At(group, pair) + 2; i++)
                    excess += Math.Max(0, sign * weights[i]);
            while (excess > 0) excess -= CutLargest(weights, remainder, first, end, pair, sign, excess);
        }
    }

    private int CutLargest(Span<sbyte> weights, sbyte[] remainder, int first, int end, int pair, int sign, int excess)
    {
        var largest = At(first, pair);
        for (var group = first; group < end; group++)
            for (var i = At(group, pair); i < At(group, pair) + 2; i++)
                if (sign * weights[i] > sign * weights[largest]) largest = i;
        var cut = Math.Min(excess, sign * weights[largest]);
        weights[largest] = (sbyte)(weights[largest] - (sign * cut));
        remainder[largest] = (sbyte)(remainder[largest] + (sign * cut));
        Outliers++;
        return cut;
    }

    private static int At(int group, int pair) => (group * EntryBytes) + (2 * pair);

    // Two weights of one pair may be too much for one entry; what is left over makes a second one.
    private void AddEntries(List<byte> list, Span<sbyte> remainder, int group)
    {
        while (remainder.IndexOfAnyExcept((sbyte)0) >= 0)
        {
            AddOffset(list, _tapBytes < 4 ? 0 : Math.Min(4 * group, _tapBytes - 4));
            for (var i = 0; i < EntryBytes; i += 2)
            {
                var x = remainder[i];
                var y = (sbyte)Math.Clamp(remainder[i + 1], -Most - Math.Min((int)x, 0), Most - Math.Max((int)x, 0));
                list.Add((byte)x);
                list.Add((byte)y);
                (remainder[i], remainder[i + 1]) = (0, (sbyte)(remainder[i + 1] - y));
            }
            Entries++;
        }
    }

    private static void AddOffset(List<byte> list, int offset)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, offset);
        list.AddRange(bytes);
    }
}
