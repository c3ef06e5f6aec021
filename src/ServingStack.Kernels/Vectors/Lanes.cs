using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ServingStack.Kernels.Vectors;

/// <summary>
/// Loads and stores of the first few lanes of a vector, so that a loop's tail goes through the same arithmetic as its body and an
/// element's result does not depend on where in a row it stands. Nothing outside the named lanes is touched.
/// </summary>
/// <remarks>
/// Managed kernels are written once on <see cref="Vector512"/>: where the machine has shorter vectors the runtime splits each operation
/// into two or four.
/// </remarks>
internal static unsafe class Lanes
{
    /// <summary>
    /// The first <paramref name="count"/> elements (0 .. lanes); the other lanes are zero. A full vector skips the mask, so a loop may ask
    /// for what is left at every step.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Load<T>(T* source, int count)
        where T : unmanaged
    {
        if (count == Vector512<T>.Count) return Vector512.Load(source);
        if (Avx512BW.IsSupported && sizeof(T) == 1)
            return Avx512BW.MaskLoad((byte*)source, FirstBytes(count), Vector512<byte>.Zero).As<byte, T>();
        if (Avx512BW.IsSupported && sizeof(T) == 4)
            return Avx512F.MaskLoad((uint*)source, FirstWords(count), Vector512<uint>.Zero).As<uint, T>();
        return LoadThroughStack(source, count);
    }

    /// <summary>Stores the first <paramref name="count"/> lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<T>(Vector512<T> value, T* target, int count)
        where T : unmanaged
    {
        if (count == Vector512<T>.Count)
            value.Store(target);
        else if (Avx512BW.IsSupported && sizeof(T) == 1)
            Avx512BW.MaskStore((byte*)target, FirstBytes(count), value.AsByte());
        else if (Avx512BW.IsSupported && sizeof(T) == 4)
            Avx512F.MaskStore((uint*)target, FirstWords(count), value.AsUInt32());
        else
            StoreThroughStack(value, target, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> FirstBytes(int count) =>
        Vector512.LessThan(Vector512<byte>.Indices, Vector512.Create((byte)count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> FirstWords(int count) =>
        Vector512.LessThan(Vector512<uint>.Indices, Vector512.Create((uint)count));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Vector512<T> LoadThroughStack<T>(T* source, int count)
        where T : unmanaged
    {
        var value = Vector512<T>.Zero;
        Unsafe.CopyBlockUnaligned(&value, source, (uint)(count * sizeof(T)));
        return value;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void StoreThroughStack<T>(Vector512<T> value, T* target, int count)
        where T : unmanaged => Unsafe.CopyBlockUnaligned(target, &value, (uint)(count * sizeof(T)));
}
