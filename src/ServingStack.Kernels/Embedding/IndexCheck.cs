using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ServingStack.Kernels.Embedding;

/// <summary>Looks through indices for one that is out of range, several vectors at a time.</summary>
internal static unsafe class IndexCheck
{
    /// <summary>The position of the first index outside [least, least + count), or -1.</summary>
    /// <param name="type">Int32 or Int64. For Int32, all in-range values must be 32-bit numbers.</param>
    public static long FirstOutside(DataType type, nint indices, long length, long least, long count) => type == DataType.Int32
        ? FirstOutside((uint*)indices, length, (uint)least, (uint)Math.Min(count, uint.MaxValue))
        : FirstOutside((ulong*)indices, length, (ulong)least, (ulong)count);

    /// <summary>One number of a list of Int32 or Int64.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Number(DataType type, nint list, long position) =>
        type == DataType.Int32 ? ((int*)list)[position] : ((long*)list)[position];

    // Seen from the least index up and without sign, everything out of range is too large.
    private static long FirstOutside<T>(T* indices, long length, T least, T count)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        var (origin, limit) = (Vector512.Create(least), Vector512.Create(count));
        var width = Vector512<T>.Count;
        long i = 0;
        for (; i <= length - (2 * width); i += 2 * width)
        {
            var largest = Vector512.Max(Vector512.Load(indices + i) - origin, Vector512.Load(indices + i + width) - origin);
            if (Vector512.GreaterThanOrEqualAny(largest, limit)) break;
        }

        for (; i < length; i++)
            if (unchecked(indices[i] - least) >= count) return i;
        return -1;
    }
}
