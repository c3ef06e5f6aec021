using System.Collections.Frozen;
using System.Runtime.InteropServices;

namespace ServingStack.LoadTest.Requests;

/// <summary>Random elements of each datatype: a row says the range that is right when nobody states one, and how to draw.</summary>
internal sealed class ElementFill
{
    private static readonly FrozenDictionary<string, ElementFill> Rows = new Dictionary<string, ElementFill>
    {
        ["BOOL"] = Of<byte>(0, 1, (random, range) => (byte)Whole(random, range)),
        ["UINT8"] = Of<byte>(0, byte.MaxValue, (random, range) => (byte)Whole(random, range)),
        ["INT8"] = Of<sbyte>(sbyte.MinValue, sbyte.MaxValue, (random, range) => (sbyte)Whole(random, range)),
        ["FP16"] = Of<Half>(0, 1, (random, range) => (Half)Real(random, range)),
        // The upper half of a float's bits.
        ["BF16"] = Of<ushort>(0, 1, (random, range) => (ushort)(BitConverter.SingleToUInt32Bits((float)Real(random, range)) >> 16)),
        ["FP32"] = Of<float>(0, 1, (random, range) => (float)Real(random, range)),
        ["FP64"] = Of<double>(0, 1, Real),
        // Wider integers are mostly places in some table whose length only the model knows; 0 is a place in all of them.
        ["UINT16"] = Of<ushort>(0, 0, (random, range) => (ushort)Whole(random, range)),
        ["INT16"] = Of<short>(0, 0, (random, range) => (short)Whole(random, range)),
        ["UINT32"] = Of<uint>(0, 0, (random, range) => (uint)Whole(random, range)),
        ["INT32"] = Of<int>(0, 0, (random, range) => (int)Whole(random, range)),
        ["UINT64"] = Of<ulong>(0, 0, (random, range) => (ulong)Whole(random, range)),
        ["INT64"] = Of<long>(0, 0, (random, range) => Whole(random, range)),
    }.ToFrozenDictionary();

    private readonly Func<int, Random, InputRange[], byte[]> _bytes;

    private ElementFill(InputRange usual, Func<int, Random, InputRange[], byte[]> bytes) => (Usual, _bytes) = (usual, bytes);

    public InputRange Usual { get; }

    /// <summary>The row of a datatype; null where elements cannot be made up (<c>BYTES</c>).</summary>
    public static ElementFill? For(string datatype) => Rows.GetValueOrDefault(datatype);

    /// <summary>That many elements; element i is drawn from the range i modulo their number.</summary>
    public byte[] Bytes(int count, Random random, InputRange[] ranges) => _bytes(count, random, ranges);

    private static ElementFill Of<T>(double low, double high, Func<Random, InputRange, T> draw) where T : unmanaged =>
        new(new(low, high), (count, random, ranges) =>
        {
            var values = new T[count];
            for (var i = 0; i < count; i++) values[i] = draw(random, ranges[i % ranges.Length]);
            return MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
        });

    private static long Whole(Random random, InputRange range) => random.NextInt64((long)range.Low, (long)range.High + 1);

    private static double Real(Random random, InputRange range) => range.Low + random.NextDouble() * (range.High - range.Low);
}
