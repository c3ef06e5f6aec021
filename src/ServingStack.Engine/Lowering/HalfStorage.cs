using System.Runtime.InteropServices;
using ServingStack.Graphs;
using ServingStack.Kernels;
using ServingStack.Kernels.Machine;

namespace ServingStack.Engine.Lowering;

/// <summary>
/// fp32 weights that 16 bits hold exactly, as those of a model that was stored in binary16 or bfloat16 and is computed in fp32: a product of
/// few rows, which reads each weight once, takes half the time when they stay so.
/// </summary>
internal static class HalfStorage
{
    // With more rows arithmetic decides, and widening the weights costs some of it.
    private const int MostRows = 16;

    /// <summary>The type to keep the weights of a product of <paramref name="rows"/> rows in.</summary>
    public static DataType TypeFor(Tensor weights, int rows)
    {
        if (rows > MostRows || weights.ElementType != ElementType.Float32 || weights.Bytes.Length <= MachineFeatures.Current.Caches.L2) return DataType.Float32;
        var floats = weights.As<float>();
        return HoldsExactly(floats) ? DataType.Float16
            : All(floats, x => (BitConverter.SingleToUInt32Bits(x) & 0xffff) == 0) ? DataType.BFloat16
            : DataType.Float32;
    }

    /// <summary>Whether binary16 holds all of these numbers exactly.</summary>
    public static bool HoldsExactly(ReadOnlySpan<float> floats) => All(floats, x => (float)(Half)x == x);

    /// <summary>The same numbers in the type that holds them.</summary>
    public static ReadOnlyMemory<byte> Narrowed(ReadOnlyMemory<byte> weights, DataType type)
    {
        if (type is not (DataType.Float16 or DataType.BFloat16)) return weights;
        var floats = MemoryMarshal.Cast<byte, float>(weights.Span);
        var halves = new ushort[floats.Length];
        for (var i = 0; i < halves.Length; i++)
            halves[i] = type == DataType.Float16
                ? BitConverter.HalfToUInt16Bits((Half)floats[i]) : (ushort)(BitConverter.SingleToUInt32Bits(floats[i]) >> 16);
        return MemoryMarshal.AsBytes(halves.AsSpan()).ToArray();
    }

    private static bool All(ReadOnlySpan<float> values, Predicate<float> holds)
    {
        foreach (var value in values)
            if (!holds(value)) return false;
        return true;
    }
}
