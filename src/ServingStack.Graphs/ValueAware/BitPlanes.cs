namespace ServingStack.Graphs.ValueAware;

/// <summary>
/// Signed numbers of a few bits, two's complement, as planes of one bit each: plane j holds bit j of all numbers, eight a byte, the first in
/// the lowest bit. Any number of bits takes just that many.
/// </summary>
internal static class BitPlanes
{
    public static byte[] Pack(ReadOnlySpan<sbyte> numbers, int bits)
    {
        var bytes = (numbers.Length + 7) / 8;
        var planes = new byte[bits * bytes];
        for (var i = 0; i < numbers.Length; i++)
            for (var j = 0; j < bits; j++)
                planes[(j * bytes) + (i / 8)] |= (byte)(((numbers[i] >> j) & 1) << (i % 8));
        return planes;
    }

    public static sbyte[] Unpack(ReadOnlySpan<byte> planes, int bits, int count)
    {
        var (bytes, numbers) = (planes.Length / bits, new sbyte[count]);
        for (var i = 0; i < count; i++)
        {
            var number = 0;
            for (var j = 0; j < bits; j++) number |= ((planes[(j * bytes) + (i / 8)] >> (i % 8)) & 1) << j;
            numbers[i] = (sbyte)((number << (32 - bits)) >> (32 - bits));
        }
        return numbers;
    }

    /// <summary>What each plane counts; the last is the sign.</summary>
    public static float[] Significance(int bits) =>
        [.. Enumerable.Range(0, bits).Select(j => j == bits - 1 ? -MathF.Pow(2, j) : MathF.Pow(2, j))];
}
