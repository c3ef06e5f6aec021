using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using ServingStack.Kernels.Machine;

namespace ServingStack.Benchmarks;

/// <summary>Reads a block of memory again and again, eight vectors in flight: what one core can read at most from where the block lies.</summary>
internal sealed class ReadSweep : IDisposable
{
    private const int Step = 8 * 64;

    private readonly NativeBuffer _memory;
    private ulong _kept;

    public ReadSweep(long bytes)
    {
        Bytes = Math.Max(Step, bytes / Step * Step);
        _memory = new NativeBuffer(Bytes);
        _memory.Bytes.Fill(1);
    }

    public long Bytes { get; }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run()
    {
        ref var start = ref MemoryMarshal.GetReference(_memory.Bytes);
        var (a, b, c, d) = (Vector512<ulong>.Zero, Vector512<ulong>.Zero, Vector512<ulong>.Zero, Vector512<ulong>.Zero);
        for (nuint at = 0; at < (nuint)Bytes; at += Step)
        {
            a |= Load(ref start, at) | Load(ref start, at + 64);
            b |= Load(ref start, at + 128) | Load(ref start, at + 192);
            c |= Load(ref start, at + 256) | Load(ref start, at + 320);
            d |= Load(ref start, at + 384) | Load(ref start, at + 448);
        }
        // What was read must reach somewhere, or nothing need be read.
        _kept = Vector512.Sum(a | b | c | d);
    }

    public void Dispose()
    {
        GC.KeepAlive(_kept);
        _memory.Dispose();
    }

    private static Vector512<ulong> Load(ref byte start, nuint at) => Vector512.LoadUnsafe(ref start, at).AsUInt64();
}
