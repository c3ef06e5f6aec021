namespace ServingStack.Kernels.Tests;

/// <summary>Seeded test data; the seed is part of the test's parameters or derived from them, so a failure repeats.</summary>
internal static class TestNumbers
{
    /// <summary>Floats in [-scale, scale).</summary>
    public static float[] Floats(int seed, long count, float scale = 4)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, (int)count).Select(_ => (random.NextSingle() * 2 * scale) - scale)];
    }

    public static byte[] Bytes(int seed, long count)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public static sbyte[] SignedBytes(int seed, long count) => [.. Bytes(seed, count).Select(value => (sbyte)value)];

    public static long Count(params long[] shape) => shape.Aggregate(1L, (product, size) => product * size);
}
