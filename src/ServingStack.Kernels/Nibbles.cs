namespace ServingStack.Kernels;

/// <summary>Numbers of four bits, two a byte, the first in the low half: the order of ONNX's packed types and of embedding rows.</summary>
public static class Nibbles
{
    public static int Get(ReadOnlySpan<byte> packed, long index) => (packed[(int)(index >> 1)] >> (int)((index & 1) * 4)) & 15;

    /// <summary>Puts a number from 0 to 15 where a 0 was.</summary>
    public static void Set(Span<byte> packed, long index, int value) => packed[(int)(index >> 1)] |= (byte)(value << (int)((index & 1) * 4));

    /// <summary>Bytes of that many numbers.</summary>
    public static long BytesFor(long count) => (count + 1) / 2;
}
