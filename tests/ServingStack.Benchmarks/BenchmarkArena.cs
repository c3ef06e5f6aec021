using System.Runtime.InteropServices;
using ServingStack.Kernels.Machine;

namespace ServingStack.Benchmarks;

/// <summary>Memory and packed weights of one measurement, given back together. Numbers are random with a fixed seed.</summary>
internal sealed class BenchmarkArena : IDisposable
{
    private readonly Random _random = new(17);
    private readonly List<IDisposable> _owned = [];

    public T Own<T>(T owned) where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }

    public nint Empty(long bytes) => Own(new NativeBuffer(bytes)).Address;

    public nint RandomBytes(long count)
    {
        var buffer = Own(new NativeBuffer(count));
        _random.NextBytes(buffer.Bytes);
        return buffer.Address;
    }

    public nint RandomFloats(long count)
    {
        var buffer = Own(new NativeBuffer(count * sizeof(float)));
        Numbers.Fill(_random, buffer.Span<float>());
        return buffer.Address;
    }

    public void Dispose()
    {
        foreach (var owned in Enumerable.Reverse(_owned)) owned.Dispose();
    }
}

/// <summary>Weights for both contenders: the same at every call.</summary>
internal static class Numbers
{
    public static byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        new Random(23).NextBytes(bytes);
        return bytes;
    }

    public static float[] Floats(int count)
    {
        var floats = new float[count];
        Fill(new Random(29), floats);
        return floats;
    }

    public static byte[] FloatBytes(int count) => MemoryMarshal.AsBytes(Floats(count).AsSpan()).ToArray();

    public static void Fill(Random random, Span<float> values)
    {
        foreach (ref var value in values) value = (random.NextSingle() * 2) - 1;
    }
}
