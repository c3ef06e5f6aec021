using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ServingStack.Kernels.Vectors;

/// <summary>
/// Copies many blocks of the same length, as the rows of a narrow matrix within a wide one are: how to copy one is decided once. Strides
/// are in bytes. Source and target must not overlap.
/// </summary>
internal static unsafe class RowCopy
{
    public static void Run(byte* source, long sourceStride, byte* target, long targetStride, long bytes, long rows)
    {
        if (sourceStride == bytes && targetStride == bytes) BlockCopy.Run(source, target, bytes * rows);
        else if (bytes >= 64) Blocks(source, sourceStride, target, targetStride, bytes, rows);
        else if (bytes >= 32) Pieces<Vector256<byte>>(source, sourceStride, target, targetStride, bytes, rows);
        else if (bytes >= 16) Pieces<Vector128<byte>>(source, sourceStride, target, targetStride, bytes, rows);
        else if (bytes >= 8) Pieces<ulong>(source, sourceStride, target, targetStride, bytes, rows);
        else if (bytes >= 4) Pieces<uint>(source, sourceStride, target, targetStride, bytes, rows);
        else if (bytes >= 2) Pieces<ushort>(source, sourceStride, target, targetStride, bytes, rows);
        else if (bytes == 1) Pieces<byte>(source, sourceStride, target, targetStride, bytes, rows);
    }

    private static void Blocks(byte* source, long sourceStride, byte* target, long targetStride, long bytes, long rows)
    {
        if (bytes == 64)
        {
            Pieces<Vector512<byte>>(source, sourceStride, target, targetStride, bytes, rows);
            return;
        }
        for (; rows > 0; rows--, source += sourceStride, target += targetStride) BlockCopy.Run(source, target, bytes);
    }

    /// <summary>Blocks of one piece, or of more than one and up to two: then the second overlaps the first.</summary>
    private static void Pieces<T>(byte* source, long sourceStride, byte* target, long targetStride, long bytes, long rows)
        where T : unmanaged
    {
        if (bytes == sizeof(T)) Single<T>(source, sourceStride, target, targetStride, rows);
        else Double<T>(source, sourceStride, target, targetStride, bytes - sizeof(T), rows);
    }

    private static void Single<T>(byte* source, long sourceStride, byte* target, long targetStride, long rows)
        where T : unmanaged
    {
        for (; rows >= 4; rows -= 4, source += 4 * sourceStride, target += 4 * targetStride)
        {
            Move<T>(source, target);
            Move<T>(source + sourceStride, target + targetStride);
            Move<T>(source + (2 * sourceStride), target + (2 * targetStride));
            Move<T>(source + (3 * sourceStride), target + (3 * targetStride));
        }

        for (; rows > 0; rows--, source += sourceStride, target += targetStride) Move<T>(source, target);
    }

    private static void Double<T>(byte* source, long sourceStride, byte* target, long targetStride, long second, long rows)
        where T : unmanaged
    {
        for (; rows > 0; rows--, source += sourceStride, target += targetStride)
        {
            Move<T>(source, target);
            Move<T>(source + second, target + second);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Move<T>(byte* source, byte* target)
        where T : unmanaged => Unsafe.WriteUnaligned(target, Unsafe.ReadUnaligned<T>(source));
}
