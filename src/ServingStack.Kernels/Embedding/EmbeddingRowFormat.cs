namespace ServingStack.Kernels.Embedding;

/// <summary>
/// The bytes of one embedding row: its numbers or codes, then, of codes, scale and bias, then padding. Codes of 8 bits lie in their order,
/// those of 4 bits in the order of <see cref="NibbleOrder"/>.
/// </summary>
/// <param name="Dimension">Numbers of a row, 1 or more.</param>
public sealed record EmbeddingRowFormat(int Dimension, EmbeddingRowType Type)
{
    /// <summary>Of scale and bias: Float16, the usual choice, or Float32.</summary>
    public DataType ScaleType { get; init; } = DataType.Float16;

    /// <summary>Rows start at a multiple of this many bytes. 64 spares each row a second cache line, and costs memory.</summary>
    public int Alignment { get; init; } = 1;

    public bool HasScale => Type is EmbeddingRowType.Int8 or EmbeddingRowType.Int4;

    /// <summary>Bytes of the numbers or codes, where the scale begins.</summary>
    public int CodeBytes => Type switch
    {
        EmbeddingRowType.Float32 => Dimension * sizeof(float),
        EmbeddingRowType.Float16 => Dimension * 2,
        EmbeddingRowType.Int8 => Dimension,
        _ => NibbleOrder.ByteLength(Dimension),
    };

    /// <summary>Bytes that a bag reads of a row.</summary>
    public int RowBytes => CodeBytes + (HasScale ? 2 * ScaleType.Size() : 0);

    /// <summary>Bytes from one row to the next.</summary>
    public int Stride => (RowBytes + Alignment - 1) / Alignment * Alignment;

    /// <summary>The largest code; 0 where there are none.</summary>
    public int MaxCode => Type switch { EmbeddingRowType.Int8 => 255, EmbeddingRowType.Int4 => 15, _ => 0 };

    /// <summary>For names: <c>int4_d64_f16</c>.</summary>
    internal string Name => $"{Type}_d{Dimension}".ToLowerInvariant() + (HasScale ? $"_{ScaleType.Short()}" : "");

    /// <exception cref="ArgumentException">A dimension, scale type or alignment that no kernel computes on.</exception>
    internal void Check()
    {
        if (Dimension < 1) throw new ArgumentException($"An embedding of dimension {Dimension}: expected 1 or more.");
        if (ScaleType is not (DataType.Float16 or DataType.Float32))
            throw new ArgumentException($"Embedding scales as {ScaleType}: expected Float16 or Float32.");
        if (Alignment < 1) throw new ArgumentException($"Embedding rows aligned to {Alignment} bytes: expected 1 or more, for example 64.");
    }
}
