using System.Runtime.InteropServices;

namespace ServingStack.Graphs.Operators.Folding;

/// <summary>
/// Elements widened to <see cref="double"/> or <see cref="long"/> for evaluation. Single additions, products, quotients and roots of floats
/// computed in double and rounded once are the exact float results (double has more than twice the digits).
/// </summary>
internal static class Numbers
{
    public static bool IsFloat(this ElementType type) => type is ElementType.Float32 or ElementType.Float64 or ElementType.Float16;

    public static bool IsInteger(this ElementType type) =>
        type is ElementType.Int64 or ElementType.Int32 or ElementType.UInt8 or ElementType.Int8
        or ElementType.Bool or ElementType.Int16 or ElementType.UInt16 or ElementType.UInt32;

    public static double[] ToDoubles(Tensor x) => x.ElementType switch
    {
        ElementType.Float32 => Array.ConvertAll(x.As<float>().ToArray(), v => (double)v),
        ElementType.Float64 => x.As<double>().ToArray(),
        ElementType.Float16 => Array.ConvertAll(x.As<Half>().ToArray(), v => (double)v),
        ElementType.BFloat16 => Array.ConvertAll(
            MemoryMarshal.Cast<byte, ushort>(x.Bytes.Span).ToArray(), v => (double)BitConverter.UInt32BitsToSingle((uint)v << 16)),
        _ => Array.ConvertAll(x.ToInt64s(), v => (double)v),
    };

    public static Tensor FromDoubles(ElementType type, double[] values, long[] extents) => type switch
    {
        ElementType.Float32 => Tensor.From<float>(Array.ConvertAll(values, v => (float)v), extents),
        ElementType.Float64 => Tensor.From<double>(values, extents),
        ElementType.Float16 => Tensor.From<Half>(Array.ConvertAll(values, v => (Half)v), extents),
        ElementType.Bool => FromLongs(type, Array.ConvertAll(values, v => v != 0 ? 1L : 0), extents)!,
        _ => FromLongs(type, Array.ConvertAll(values, v => (long)v), extents)!,
    };

    /// <summary>Integers keep their low bits, as a cast does; null for other types.</summary>
    public static Tensor? FromLongs(ElementType type, long[] values, long[] extents) => unchecked(type switch
    {
        ElementType.Int64 => Tensor.From<long>(values, extents),
        ElementType.Int32 => Tensor.From<int>(Array.ConvertAll(values, v => (int)v), extents),
        ElementType.Int16 => Tensor.From<short>(Array.ConvertAll(values, v => (short)v), extents),
        ElementType.Int8 => Tensor.From<sbyte>(Array.ConvertAll(values, v => (sbyte)v), extents),
        ElementType.UInt8 => Tensor.From<byte>(Array.ConvertAll(values, v => (byte)v), extents),
        ElementType.UInt16 => Tensor.From<ushort>(Array.ConvertAll(values, v => (ushort)v), extents),
        ElementType.UInt32 => Tensor.From<uint>(Array.ConvertAll(values, v => (uint)v), extents),
        ElementType.Bool => Tensor.From<bool>(Array.ConvertAll(values, v => v != 0), extents),
        _ => null,
    });
}
