using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ServingStack.Kernels.Vectors;

/// <summary>
/// Copies short blocks without the ceremony of a general copy: a vector at a time, the last one overlapping the one before it. Source and
/// target must not overlap.
/// </summary>
internal static unsafe class BlockCopy
{
    // Beyond this the general copy has the better loop.
    private const long LongestShort = 512;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run(byte* source, byte* target, long bytes)
    {
        if (bytes < Vector128<byte>.Count || bytes > LongestShort) Buffer.MemoryCopy(source, target, bytes, bytes);
        else if (bytes < Vector512<byte>.Count) UpTo64(source, target, bytes);
        else Vectors(source, target, bytes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void UpTo64(byte* source, byte* target, long bytes)
    {
        if (bytes >= Vector256<byte>.Count)
        {
            var last = Vector256.Load(source + bytes - Vector256<byte>.Count);
            Vector256.Load(source).Store(target);
            last.Store(target + bytes - Vector256<byte>.Count);
            return;
        }

        var end = Vector128.Load(source + bytes - Vector128<byte>.Count);
        Vector128.Load(source).Store(target);
        end.Store(target + bytes - Vector128<byte>.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Vectors(byte* source, byte* target, long bytes)
    {
        var last = bytes - Vector512<byte>.Count;
        for (long i = 0; i < last; i += Vector512<byte>.Count) Vector512.Load(source + i).Store(target + i);
        Vector512.Load(source + last).Store(target + last);
    }
}
