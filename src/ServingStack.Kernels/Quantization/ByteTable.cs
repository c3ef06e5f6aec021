using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ServingStack.Kernels.Quantization;

/// <summary>
/// Any function from an 8-bit type to an 8-bit type, as its 256 results: indexed by the input's bits, so s8 -1 is entry 255. Exact for
/// every function, and as fast as a copy where bytes can be permuted across registers.
/// </summary>
public sealed unsafe class ByteTable
{
    private readonly byte[] _entries = GC.AllocateArray<byte>(256, pinned: true);

    private ByteTable(Func<int, int> entry)
    {
        for (var i = 0; i < _entries.Length; i++) _entries[i] = (byte)entry(i);
    }

    /// <summary>dequantize, <paramref name="function"/>, quantize: what a DequantizeLinear - op - QuantizeLinear island computes.</summary>
    public static ByteTable Of(QuantizationParameters from, QuantizationParameters to, Func<float, float> function)
    {
        from.Check();
        to.Check();
        return new(bits => to.Quantize(function(from.Dequantize(from.Type == DataType.Int8 ? (sbyte)bits : bits))));
    }

    /// <summary>From one scale and zero point to another.</summary>
    public static ByteTable Requantize(QuantizationParameters from, QuantizationParameters to) => Of(from, to, x => x);

    /// <summary>Relu and Clip in the numbers of the type: min(max(q, low), high).</summary>
    public static ByteTable Clamp(DataType type, int low, int high)
    {
        var signed = type == DataType.Int8;
        return new(bits => Math.Min(Math.Max(signed ? (sbyte)bits : bits, low), high));
    }

    /// <summary>to[i] = table[from[i]]. The target may be the source.</summary>
    internal void Apply(byte* from, byte* to, long count)
    {
        long done = Avx512Vbmi.IsSupported ? ApplyVectors(from, to, count) : 0;
        for (var i = done; i < count; i++) to[i] = _entries[from[i]];
    }

    /// <summary>Half of the table fills two registers; a permutation picks from two registers by seven bits; the eighth chooses.</summary>
    private long ApplyVectors(byte* from, byte* to, long count)
    {
        var entries = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_entries));
        var (a, b) = (Vector512.Load(entries), Vector512.Load(entries + 64));
        var (c, d) = (Vector512.Load(entries + 128), Vector512.Load(entries + 192));
        long i = 0;
        for (; i <= count - 64; i += 64)
        {
            var x = Vector512.Load(from + i);
            var lower = Avx512Vbmi.PermuteVar64x8x2(a, x, b);
            var upper = Avx512Vbmi.PermuteVar64x8x2(c, x, d);
            Vector512.ConditionalSelect(Vector512.LessThan(x.AsSByte(), Vector512<sbyte>.Zero).AsByte(), upper, lower).Store(to + i);
        }

        return i;
    }
}
