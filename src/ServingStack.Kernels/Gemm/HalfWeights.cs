using System.Runtime.InteropServices;

namespace ServingStack.Kernels.Gemm;

/// <summary>Weights of fp32 products that are stored in 16 bits.</summary>
internal static class HalfWeights
{
    /// <summary>Whether a problem's weights are stored in 16 bits.</summary>
    public static bool StoresHalves(this GemmProblem problem) => problem.B is DataType.Float16 or DataType.BFloat16;

    /// <summary>The weights as floats, for kernels that have no code for 16 bits; as they are where they are not stored so.</summary>
    public static ReadOnlyMemory<byte> Widened(GemmProblem problem, ReadOnlyMemory<byte> weights)
    {
        if (!problem.StoresHalves()) return weights;
        var halves = MemoryMarshal.Cast<byte, ushort>(weights.Span);
        var floats = new byte[halves.Length * sizeof(float)];
        var target = MemoryMarshal.Cast<byte, float>(floats.AsSpan());
        for (var i = 0; i < target.Length; i++) target[i] = Widen(problem.B, halves[i]);
        return floats;
    }

    public static float Widen(DataType type, ushort half) =>
        type == DataType.Float16 ? (float)BitConverter.UInt16BitsToHalf(half) : BitConverter.UInt32BitsToSingle((uint)half << 16);
}
