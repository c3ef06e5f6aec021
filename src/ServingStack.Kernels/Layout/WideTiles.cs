using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ServingStack.Kernels.Layout;

/// <summary>
/// Transposes of tiles whose target lines are whole cache lines, by AVX-512: 16 lines of 16 words out of 16 source lines, or 16 lines of 64
/// bytes out of 64. Source lines far apart are brought side by side while they are loaded, one into each 128-bit quarter of a register;
/// what is left to transpose stays within the quarters.
/// </summary>
internal static unsafe class WideTiles
{
    /// <summary>Target lines of a tile.</summary>
    public const int Rows = 16;

    private const int Line = 64;

    public static bool IsSupported => Avx512BW.IsSupported;

    /// <summary>Elements of a tile's target line.</summary>
    public static int Columns<T>()
        where T : unmanaged => sizeof(T) is 1 or 4 ? Line / sizeof(T) : 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Tile<T>(T* source, long sourceStride, T* target, long targetStride)
        where T : unmanaged
    {
        if (sizeof(T) == 1) Bytes((byte*)source, sourceStride, (byte*)target, targetStride);
        else for (var row = 0; row < Rows; row += 4)
            FourRowsOfWords((uint*)source + row, sourceStride, (uint*)target + (row * targetStride), targetStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourRowsOfWords(uint* source, long stride, uint* target, long targetStride)
    {
        var a = Quarters(source, 4 * stride);
        var b = Quarters(source + stride, 4 * stride);
        var c = Quarters(source + (2 * stride), 4 * stride);
        var d = Quarters(source + (3 * stride), 4 * stride);
        var (ac0, ac1) = (Avx512F.UnpackLow(a, c), Avx512F.UnpackHigh(a, c));
        var (bd0, bd1) = (Avx512F.UnpackLow(b, d), Avx512F.UnpackHigh(b, d));
        Avx512F.UnpackLow(ac0, bd0).Store(target);
        Avx512F.UnpackHigh(ac0, bd0).Store(target + targetStride);
        Avx512F.UnpackLow(ac1, bd1).Store(target + (2 * targetStride));
        Avx512F.UnpackHigh(ac1, bd1).Store(target + (3 * targetStride));
    }

    // Four rounds of the same shuffle, of line i with line i + 8, transpose 16 lines of 16 bytes.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Bytes(byte* source, long stride, byte* target, long targetStride)
    {
        var (a0, a1) = Pair(source, 0, stride);
        var (a2, a3) = Pair(source, 1, stride);
        var (a4, a5) = Pair(source, 2, stride);
        var (a6, a7) = Pair(source, 3, stride);
        var (a8, a9) = Pair(source, 4, stride);
        var (a10, a11) = Pair(source, 5, stride);
        var (a12, a13) = Pair(source, 6, stride);
        var (a14, a15) = Pair(source, 7, stride);
        var (b0, b1) = Shuffle(a0, a8);
        var (b2, b3) = Shuffle(a1, a9);
        var (b4, b5) = Shuffle(a2, a10);
        var (b6, b7) = Shuffle(a3, a11);
        var (b8, b9) = Shuffle(a4, a12);
        var (b10, b11) = Shuffle(a5, a13);
        var (b12, b13) = Shuffle(a6, a14);
        var (b14, b15) = Shuffle(a7, a15);
        (a0, a1) = Shuffle(b0, b8);
        (a2, a3) = Shuffle(b1, b9);
        (a4, a5) = Shuffle(b2, b10);
        (a6, a7) = Shuffle(b3, b11);
        (a8, a9) = Shuffle(b4, b12);
        (a10, a11) = Shuffle(b5, b13);
        (a12, a13) = Shuffle(b6, b14);
        (a14, a15) = Shuffle(b7, b15);
        StorePair(a0, a8, target, targetStride);
        StorePair(a1, a9, target + (2 * targetStride), targetStride);
        StorePair(a2, a10, target + (4 * targetStride), targetStride);
        StorePair(a3, a11, target + (6 * targetStride), targetStride);
        StorePair(a4, a12, target + (8 * targetStride), targetStride);
        StorePair(a5, a13, target + (10 * targetStride), targetStride);
        StorePair(a6, a14, target + (12 * targetStride), targetStride);
        StorePair(a7, a15, target + (14 * targetStride), targetStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector512<byte> Low, Vector512<byte> High) Pair(byte* source, int line, long stride) =>
        Shuffle(Quarters(source + (line * stride), 16 * stride), Quarters(source + ((line + 8) * stride), 16 * stride));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector512<byte> Low, Vector512<byte> High) Shuffle(Vector512<byte> a, Vector512<byte> b) =>
        (Avx512BW.UnpackLow(a, b), Avx512BW.UnpackHigh(a, b));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StorePair(Vector512<byte> a, Vector512<byte> b, byte* target, long stride)
    {
        Avx512BW.UnpackLow(a, b).Store(target);
        Avx512BW.UnpackHigh(a, b).Store(target + stride);
    }

    /// <summary>16 bytes from each of four lines, side by side.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<T> Quarters<T>(T* source, long stride)
        where T : unmanaged
    {
        // Each insertion reads memory: none takes the one port that shuffles.
        var line = Vector128.Load(source).AsInt32().ToVector256Unsafe().ToVector512Unsafe();
        line = Avx512F.InsertVector128(line, Vector128.Load(source + stride).AsInt32(), 1);
        line = Avx512F.InsertVector128(line, Vector128.Load(source + (2 * stride)).AsInt32(), 2);
        return Avx512F.InsertVector128(line, Vector128.Load(source + (3 * stride)).AsInt32(), 3).As<int, T>();
    }
}
