using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// Brings rows of activations into the form that 4-bit kernels multiply: signed bytes, filled up with zeros to whole steps of eight.
/// </summary>
internal static unsafe class LowBitRows
{
    /// <summary>A row with no number of at least this magnitude is all zeros; above it, 127 over a number is finite.</summary>
    public const float LeastMagnitude = 1e-30f;

    /// <summary>Bytes that stand before a block's activations in a prepared tile.</summary>
    public static int HeaderBytes(int rows, bool zeroPoints) => 4 * rows * (zeroPoints ? 2 : 1);

    /// <summary>Writes a row as signed bytes and returns its step (1 for bytes).</summary>
    public static float Quantize(DataType type, nint source, int depth, sbyte* target)
    {
        if (type == DataType.Float32) return Quantize((float*)source, depth, target);
        if (type == DataType.Int8) new ReadOnlySpan<sbyte>((void*)source, depth).CopyTo(new Span<sbyte>(target, depth));
        else Flip((byte*)source, depth, (byte*)target);
        return 1;
    }

    /// <summary>
    /// Spreads a row of bytes over a tile whose rows are interleaved: in each block a header (minus eight times the block's sum, for each
    /// row; then, with zero points, the sum as a float), then steps of eight bytes, row beside row.
    /// </summary>
    /// <param name="tile">The address of the tile.</param>
    public static void Interleave(sbyte* row, int steps, int blockSteps, int rows, int index, bool zeroPoints, byte* tile)
    {
        var header = HeaderBytes(rows, zeroPoints);
        for (var step = 0; step < steps; step += blockSteps)
        {
            var count = Math.Min(blockSteps, steps - step);
            var sum = Spread(row + (step * LowBitPanels.StepDepth), count, rows, (ulong*)(tile + header) + index);
            ((int*)tile)[index] = -8 * sum;
            if (zeroPoints) ((float*)tile)[rows + index] = sum;
            tile += header + (count * rows * LowBitPanels.StepDepth);
        }
    }

    // Two steps at a time, and one at the end. Returns the sum of all bytes.
    private static int Spread(sbyte* bytes, int steps, nint stride, ulong* target)
    {
        var sums = Vector128<int>.Zero;
        for (; steps > 1; steps -= 2, bytes += Vector128<sbyte>.Count, target += 2 * stride)
        {
            var pair = Vector128.Load(bytes);
            sums += SumFours(pair);
            target[0] = pair.AsUInt64()[0];
            target[stride] = pair.AsUInt64()[1];
        }
        if (steps > 0)
        {
            *target = *(ulong*)bytes;
            sums += SumFours(Vector128.CreateScalar(*target).AsSByte());
        }
        return Vector128.Sum(sums);
    }

    /// <summary>Writes a row as floats, for a kernel that reads them one depth at a time, <paramref name="lanes"/> rows together.</summary>
    public static void Spread(sbyte* row, int depth, int lanes, int index, float* target)
    {
        if (lanes == 1)
        {
            var at = 0;
            for (; at <= depth - Vector128<sbyte>.Count; at += Vector128<sbyte>.Count)
                Vector512.ConvertToSingle(ByteLanes<sbyte>.Load(row + at)).Store(target + at);
            for (; at < depth; at++) target[at] = row[at];
            return;
        }
        for (var k = 0; k < depth; k++) target[(k * lanes) + index] = row[k];
    }

    private static float Quantize(float* source, int depth, sbyte* target)
    {
        var largest = Largest(source, depth);
        var inverse = largest >= LeastMagnitude ? 127 / largest : 0;
        var factor = Vector512.Create(inverse);
        var k = 0;
        for (; k <= depth - Vector512<float>.Count; k += Vector512<float>.Count)
            ByteLanes<sbyte>.Store(VectorMath.RoundToInt32(Vector512.Load(source + k) * factor), target + k);
        for (; k < depth; k++) target[k] = (sbyte)MathF.Round(source[k] * inverse, MidpointRounding.ToEven);
        return largest / 127;
    }

    private static float Largest(float* source, int depth)
    {
        var (first, second) = (Vector512<float>.Zero, Vector512<float>.Zero);
        var k = 0;
        for (; k <= depth - (2 * Vector512<float>.Count); k += 2 * Vector512<float>.Count)
        {
            first = Vector512.MaxNative(first, Vector512.Abs(Vector512.Load(source + k)));
            second = Vector512.MaxNative(second, Vector512.Abs(Vector512.Load(source + k + Vector512<float>.Count)));
        }
        var largest = 0f;
        for (; k < depth; k++) largest = MathF.Max(largest, MathF.Abs(source[k]));
        first = Vector512.MaxNative(first, second);
        var quarter = Vector256.MaxNative(first.GetLower(), first.GetUpper());
        var eighth = Vector128.MaxNative(quarter.GetLower(), quarter.GetUpper());
        eighth = Vector128.MaxNative(eighth, Vector128.Shuffle(eighth, Vector128.Create(2, 3, 0, 1)));
        eighth = Vector128.MaxNative(eighth, Vector128.Shuffle(eighth, Vector128.Create(1, 0, 3, 2)));
        return MathF.Max(largest, eighth.ToScalar());
    }

    private static void Flip(byte* source, int depth, byte* target)
    {
        var k = 0;
        for (; k <= depth - Vector256<byte>.Count; k += Vector256<byte>.Count)
            (Vector256.Load(source + k) ^ Vector256.Create((byte)128)).Store(target + k);
        for (; k < depth; k++) target[k] = (byte)(source[k] ^ 128);
    }

    /// <summary>The sum of a run of bytes.</summary>
    public static int Sum(sbyte* bytes, int count)
    {
        var sums = Vector128<int>.Zero;
        var i = 0;
        for (; i <= count - Vector128<sbyte>.Count; i += Vector128<sbyte>.Count) sums += SumFours(Vector128.Load(bytes + i));
        var sum = Vector128.Sum(sums);
        for (; i < count; i++) sum += bytes[i];
        return sum;
    }

    /// <summary>Sixteen bytes become four sums; which bytes meet in which sum does not matter.</summary>
    private static Vector128<int> SumFours(Vector128<sbyte> bytes)
    {
        if (Ssse3.IsSupported)
            return Sse2.MultiplyAddAdjacent(Ssse3.MultiplyAddAdjacent(Vector128<byte>.One, bytes), Vector128<short>.One);
        var words = Vector128.WidenLower(bytes) + Vector128.WidenUpper(bytes);
        return Vector128.WidenLower(words) + Vector128.WidenUpper(words);
    }
}
