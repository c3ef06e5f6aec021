namespace ServingStack.Compression.Embeddings;

/// <summary>
/// The range of a row of an embedding table: greedy search (Guan et al. 2019, Post-Training 4-bit Quantization on Embedding Tables). From
/// the
/// whole range on, the end is drawn in by a step that costs less, down to a sixth; the best range on the way is taken.
/// </summary>
internal readonly record struct RowRange(float Least, float Most)
{
    private const int Steps = 200;
    private const int LeastSteps = 32;

    public static RowRange Of(ReadOnlySpan<float> row, int codes)
    {
        var range = Whole(row);
        var step = (range.Most - range.Least) / Steps;
        if (step <= 0) return range;
        var (best, error) = (range, Error(row, range, codes));
        for (var left = Steps - 1; left >= LeastSteps; left--)
        {
            var (up, down) = (range with { Least = range.Least + step }, range with { Most = range.Most - step });
            var (upError, downError) = (Error(row, up, codes), Error(row, down, codes));
            (range, var found) = upError < downError ? (up, upError) : (down, downError);
            if (found < error) (best, error) = (range, found);
        }
        return best;
    }

    public static RowRange Whole(ReadOnlySpan<float> row)
    {
        var (least, most) = (float.PositiveInfinity, float.NegativeInfinity);
        foreach (var value in row) (least, most) = (Math.Min(least, value), Math.Max(most, value));
        return new(least, most);
    }

    /// <summary>Scale and bias as they are stored.</summary>
    public (Half Scale, Half Bias) Stored(int codes) => ((Half)((Most - Least) / codes), (Half)Least);

    public static byte CodeOf(float value, Half scale, Half bias, int codes) =>
        scale > Half.Zero ? (byte)Math.Clamp(MathF.Round((value - (float)bias) / (float)scale), 0, codes) : (byte)0;

    private static double Error(ReadOnlySpan<float> row, RowRange range, int codes)
    {
        var (scale, bias) = range.Stored(codes);
        var error = 0.0;
        foreach (var value in row)
        {
            var off = value - ((CodeOf(value, scale, bias, codes) * (float)scale) + (float)bias);
            error += off * off;
        }
        return error;
    }
}
