using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Embedding;

/// <summary>
/// An embedding table in the form that <see cref="EmbeddingBag"/> reads, in huge pages. Rows are set one at a time, so that a table may be
/// larger than any array; what was not set is zero.
/// </summary>
public sealed unsafe class EmbeddingTable : IDisposable
{
    private readonly HugePageBuffer _memory;

    public EmbeddingTable(EmbeddingRowFormat format, long rows)
    {
        format.Check();
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        (Format, Rows) = (format, rows);
        _memory = new HugePageBuffer(rows * format.Stride);
    }

    public EmbeddingRowFormat Format { get; }

    public long Rows { get; }

    public nint Address => _memory.Address;

    /// <summary>Sets a row of real numbers; codes are chosen for the row's own range (scale = range / largest code, bias = minimum).</summary>
    public void SetRow(long row, ReadOnlySpan<float> values)
    {
        CheckLength(values.Length, Format.Dimension, "numbers");
        var target = Row(row);
        for (var i = 0; i < values.Length && !Format.HasScale; i++)
            if (Format.Type == EmbeddingRowType.Float32) ((float*)target)[i] = values[i];
            else ((Half*)target)[i] = (Half)values[i];
        if (Format.HasScale) Quantize(target, values);
    }

    /// <summary>Sets a row of codes, one a byte, each standing for code * scale + bias.</summary>
    public void SetCodes(long row, ReadOnlySpan<byte> codes, float scale, float bias)
    {
        if (!Format.HasScale) throw new InvalidOperationException($"{Format.Type} rows have no codes. Use {nameof(SetRow)}.");
        CheckLength(codes.Length, Format.Dimension, "codes");
        var target = Row(row);
        StoreScale(target, scale, bias);
        for (var i = 0; i < codes.Length; i++) SetCode(target, i, codes[i]);
    }

    /// <summary>
    /// Sets a row from the usual fused layout: codes in their order (two of 4 bits a byte, the lower bits first), then scale and bias of
    /// the format's scale type.
    /// </summary>
    public void SetFused(long row, ReadOnlySpan<byte> fused)
    {
        var packed = Format.Type == EmbeddingRowType.Int4;
        var codeBytes = packed ? (Format.Dimension + 1) / 2 : Format.Dimension;
        CheckLength(fused.Length, codeBytes + (2 * Format.ScaleType.Size()), "bytes");
        var codes = new byte[Format.Dimension];
        for (var i = 0; i < codes.Length; i++) codes[i] = packed ? (byte)Nibbles.Get(fused, i) : fused[i];
        fixed (byte* scales = fused[codeBytes..])
            SetCodes(row, codes, Number(scales, Format.ScaleType, 0), Number(scales, Format.ScaleType, 1));
    }

    /// <summary>Sets a row to bytes in this format's own layout, as another table of the format holds them.</summary>
    public void SetStored(long row, ReadOnlySpan<byte> stored)
    {
        CheckLength(stored.Length, Format.RowBytes, "bytes");
        stored.CopyTo(new Span<byte>(Row(row), Format.RowBytes));
    }

    /// <summary>The real numbers of a row, one at a time: what a bag adds.</summary>
    public void GetRow(long row, Span<float> values)
    {
        CheckLength(values.Length, Format.Dimension, "numbers");
        var source = Row(row);
        for (var i = 0; i < values.Length; i++) values[i] = Format.Type switch
        {
            EmbeddingRowType.Float32 => ((float*)source)[i],
            EmbeddingRowType.Float16 => (float)((Half*)source)[i],
            _ => (Code(source, i) * Scale(source)) + Bias(source),
        };
    }

    public void Dispose() => _memory.Dispose();

    private void Quantize(byte* target, ReadOnlySpan<float> values)
    {
        var (least, most) = (float.PositiveInfinity, float.NegativeInfinity);
        foreach (var value in values) (least, most) = (MathF.Min(least, value), MathF.Max(most, value));
        StoreScale(target, (most - least) / Format.MaxCode, least);
        // What was stored is rounded; codes fit what will be read.
        var (scale, bias) = (Scale(target), Bias(target));
        for (var i = 0; i < values.Length; i++)
        {
            var code = scale > 0 ? MathF.Round((values[i] - bias) / scale) : 0;
            SetCode(target, i, (byte)Math.Clamp(code, 0, Format.MaxCode));
        }
    }

    private byte* Row(long row)
    {
        if ((ulong)row >= (ulong)Rows) throw new ArgumentOutOfRangeException(nameof(row), row, $"The table has {Rows} rows.");
        return (byte*)Address + (row * Format.Stride);
    }

    private float Scale(byte* row) => Number(row + Format.CodeBytes, Format.ScaleType, 0);

    private float Bias(byte* row) => Number(row + Format.CodeBytes, Format.ScaleType, 1);

    private void StoreScale(byte* row, float scale, float bias)
    {
        var target = row + Format.CodeBytes;
        if (Format.ScaleType == DataType.Float32) (((float*)target)[0], ((float*)target)[1]) = (scale, bias);
        else (((Half*)target)[0], ((Half*)target)[1]) = ((Half)scale, (Half)bias);
    }

    private int Code(byte* row, int element)
    {
        if (Format.Type == EmbeddingRowType.Int8) return row[element];
        var (at, shift) = NibbleOrder.Place(element, Format.Dimension);
        return (row[at] >> shift) & 15;
    }

    private void SetCode(byte* row, int element, byte code)
    {
        if (code > Format.MaxCode) throw new ArgumentException($"Code {code} at {element}: expected 0 .. {Format.MaxCode}.");
        if (Format.Type == EmbeddingRowType.Int8)
        {
            row[element] = code;
            return;
        }
        var (at, shift) = NibbleOrder.Place(element, Format.Dimension);
        row[at] = (byte)((row[at] & ~(15 << shift)) | (code << shift));
    }

    private static float Number(byte* at, DataType type, int index) =>
        type == DataType.Float32 ? ((float*)at)[index] : (float)((Half*)at)[index];

    private void CheckLength(int found, int expected, string what)
    {
        if (found != expected) throw new ArgumentException($"{found} {what} for a row of {Format.Name}: expected {expected}.");
    }
}
