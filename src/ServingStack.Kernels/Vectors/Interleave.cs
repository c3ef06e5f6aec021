using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ServingStack.Kernels.Vectors;

/// <summary>
/// Three rows of numbers to triples, <c>target[3 i + j] = row j[i]</c>: what the planes of a picture need to become pixels. A target vector
/// takes two permutations that each pick from two registers: first from rows 0 and 1, then from that and row 2.
/// </summary>
internal static unsafe class Interleave<T>
    where T : unmanaged, IBinaryInteger<T>
{
    private static readonly int Width = Vector512<T>.Count;
    private static readonly Vector512<T> FirstTwo0 = Picks(0, FromFirstTwo);
    private static readonly Vector512<T> FirstTwo1 = Picks(1, FromFirstTwo);
    private static readonly Vector512<T> FirstTwo2 = Picks(2, FromFirstTwo);
    private static readonly Vector512<T> WithThird0 = Picks(0, FromThird);
    private static readonly Vector512<T> WithThird1 = Picks(1, FromThird);
    private static readonly Vector512<T> WithThird2 = Picks(2, FromThird);

    /// <summary>Interleaves as many of the <paramref name="count"/> numbers as fill vectors; returns how many that are.</summary>
    public static long Triples(T* source, long rowStride, T* target, long count)
    {
        if (!(sizeof(T) == 1 && Avx512Vbmi.IsSupported) && !(sizeof(T) == 4 && Avx512F.IsSupported)) return 0;
        long i = 0;
        for (; i <= count - Width; i += Width, target += 3 * Width)
        {
            var a = Vector512.Load(source + i);
            var b = Vector512.Load(source + rowStride + i);
            var c = Vector512.Load(source + (2 * rowStride) + i);
            Pick(Pick(a, FirstTwo0, b), WithThird0, c).Store(target);
            Pick(Pick(a, FirstTwo1, b), WithThird1, c).Store(target + Width);
            Pick(Pick(a, FirstTwo2, b), WithThird2, c).Store(target + (2 * Width));
        }

        return i;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<T> Pick(Vector512<T> lower, Vector512<T> lanes, Vector512<T> upper) => sizeof(T) == 1
        ? Avx512Vbmi.PermuteVar64x8x2(lower.AsByte(), lanes.AsByte(), upper.AsByte()).As<byte, T>()
        : Avx512F.PermuteVar16x32x2(lower.AsUInt32(), lanes.AsUInt32(), upper.AsUInt32()).As<uint, T>();

    // Lanes below Width pick from the lower register, the others from the upper.
    private static Vector512<T> Picks(int vector, Func<int, int, int> pick)
    {
        var lanes = new T[Width];
        for (var lane = 0; lane < Width; lane++) lanes[lane] = T.CreateTruncating(pick((vector * Width) + lane, lane));
        return Vector512.Create<T>(lanes);
    }

    private static int FromFirstTwo(int element, int lane) => (element % 3) switch { 0 => element / 3, 1 => Width + (element / 3), _ => 0 };

    private static int FromThird(int element, int lane) => element % 3 == 2 ? Width + (element / 3) : lane;
}
