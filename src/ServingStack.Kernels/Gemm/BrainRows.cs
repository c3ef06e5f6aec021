using System.Runtime.Intrinsics;

namespace ServingStack.Kernels.Gemm;

/// <summary>Rounds rows of floats to bfloat16 (to the nearest, ties to even; NaN stays NaN) and spreads them over a tile.</summary>
internal static unsafe class BrainRows
{
    /// <summary>Writes pairs of depths as words, <paramref name="rows"/> words apart: the rows of a tile lie side by side.</summary>
    public static void Spread(float* source, int depth, int rows, uint* target)
    {
        var k = 0;
        var pairs = stackalloc ulong[Vector512<ulong>.Count];
        for (; k <= depth - Vector512<float>.Count; k += Vector512<float>.Count)
        {
            var rounded = Round(Vector512.Load(source + k)).AsUInt64();
            (((rounded >>> 16) & Vector512.Create(0xffffUL)) | ((rounded >>> 32) & Vector512.Create(0xffff0000UL))).Store(pairs);
            for (var i = 0; i < Vector512<ulong>.Count; i++, target += rows) *target = (uint)pairs[i];
        }
        for (; k < depth; k += 2, target += rows)
        {
            var second = k + 1 < depth ? Round(Vector512.CreateScalar(source[k + 1]))[0] & 0xffff0000 : 0;
            *target = (Round(Vector512.CreateScalar(source[k]))[0] >> 16) | second;
        }
    }

    /// <summary>The rounded number in each lane's high half.</summary>
    private static Vector512<uint> Round(Vector512<float> x)
    {
        var bits = x.AsUInt32();
        var rounded = bits + Vector512.Create(0x7fffu) + ((bits >>> 16) & Vector512<uint>.One);
        return Vector512.ConditionalSelect(Vector512.Equals(x, x).AsUInt32(), rounded, bits | Vector512.Create(0x400000u));
    }
}
