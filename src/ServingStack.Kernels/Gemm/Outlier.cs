namespace ServingStack.Kernels.Gemm;

/// <summary>The part of one weight that four bits do not hold: value-aware quantization keeps the few largest weights apart.</summary>
/// <param name="Row">k, less than 65536.</param>
/// <param name="Column">n.</param>
/// <param name="Value">Added to the weight; kept in 16 bits, see <see cref="Pack"/>.</param>
public readonly record struct Outlier(int Row, int Column, float Value)
{
    /// <summary>
    /// One word that is index and value at once: the row in its low half, and the whole word read as a float is the value. The high half
    /// is the one that brings that float nearest to the value, so the index costs no accuracy: the relative error stays below 2^-8, as that
    /// of rounding to bfloat16.
    /// </summary>
    internal static uint Pack(int row, float value)
    {
        var high = BitConverter.SingleToUInt32Bits(value) >> 16;
        var best = Word(high, row);
        foreach (var candidate in (ReadOnlySpan<uint>)[high - 1, high + 1])
            if (MathF.Abs(ValueOf(Word(candidate, row)) - value) < MathF.Abs(ValueOf(best) - value))
                best = Word(candidate, row);
        return best;

        static uint Word(uint high, int row) => (high << 16) | (uint)row;
    }

    internal static float ValueOf(uint word) => BitConverter.UInt32BitsToSingle(word);

    internal static int RowOf(uint word) => (int)(word & 0xffff);
}
