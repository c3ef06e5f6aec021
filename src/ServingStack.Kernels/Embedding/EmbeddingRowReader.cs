using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Embedding;

/// <summary>Reads 16 numbers of a row at a time, on any processor.</summary>
internal unsafe interface IEmbeddingRowReader
{
    static abstract Vector512<float> Read(byte* row, EmbeddingRowFormat format, int vector, int lanes);
}

internal readonly unsafe struct FloatRowReader : IEmbeddingRowReader
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Read(byte* row, EmbeddingRowFormat format, int vector, int lanes) =>
        Lanes.Load((float*)row + (16 * vector), lanes);
}

internal readonly unsafe struct HalfRowReader : IEmbeddingRowReader
{
    public static Vector512<float> Read(byte* row, EmbeddingRowFormat format, int vector, int lanes)
    {
        var numbers = stackalloc float[16];
        var source = (Half*)row + (16 * vector);
        for (var lane = 0; lane < lanes; lane++) numbers[lane] = (float)source[lane];
        return Lanes.Load(numbers, lanes);
    }
}

internal readonly unsafe struct ByteRowReader : IEmbeddingRowReader
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Read(byte* row, EmbeddingRowFormat format, int vector, int lanes) =>
        Vector512.ConvertToSingle(ByteLanes<byte>.Load(row + (16 * vector), lanes));
}

internal readonly unsafe struct NibbleRowReader : IEmbeddingRowReader
{
    public static Vector512<float> Read(byte* row, EmbeddingRowFormat format, int vector, int lanes)
    {
        var codes = stackalloc float[16];
        for (var lane = 0; lane < lanes; lane++)
        {
            var (at, shift) = NibbleOrder.Place((16 * vector) + lane, format.Dimension);
            codes[lane] = (row[at] >> shift) & 15;
        }
        return Lanes.Load(codes, lanes);
    }
}
