namespace ServingStack.Kernels.Gemm;

/// <summary>What a tile kernel multiplies. Each takes four bytes of a row of A and 64 bytes of B (16 columns) at a time.</summary>
internal enum TileArithmetic
{
    /// <summary>u8 rows, s8 columns, s32 sums: four products a lane (<c>vpdpbusd</c>).</summary>
    UnsignedBytes,

    /// <summary>s8 rows: read as u8 with the sign bit flipped, which adds 128; the bias takes 128 column sums off.</summary>
    SignedBytes,

    /// <summary>fp32: one product a lane (<c>vfmadd231ps</c>).</summary>
    Floats,
}
