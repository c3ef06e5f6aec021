namespace ServingStack.Kernels.Gemm;

/// <summary>The constants of a GEMM: B and what the epilogue needs per output channel.</summary>
public sealed record GemmWeights
{
    /// <summary>B as K x N, row-major: float for fp32, s8 for quantized. (A transposed B is transposed by the caller, once.)</summary>
    public required ReadOnlyMemory<byte> B { get; init; }

    /// <summary>fp32 problems: N floats, or empty.</summary>
    public ReadOnlyMemory<float> Bias { get; init; }

    /// <summary>Quantized problems: N integers in units of one accumulator step, or empty.</summary>
    public ReadOnlyMemory<int> IntegerBias { get; init; }

    /// <summary>Quantized problems with a scaled output: N factors from accumulator step to output unit.</summary>
    public ReadOnlyMemory<float> Scale { get; init; }

    /// <summary>The zero point of A, 0 for fp32.</summary>
    public int ZeroPointA { get; init; }

    /// <summary>
    /// 4-bit problems, whose B is N rows of whole blocks, two weights a byte, the first in the low half: a scale for each block of a row.
    /// </summary>
    public ReadOnlyMemory<float> BlockScales { get; init; }

    /// <summary>4-bit problems: a zero point from 0 to 15 for each block of a row, or empty where all are 8.</summary>
    public ReadOnlyMemory<byte> BlockZeroPoints { get; init; }

    /// <summary>4-bit problems: what is added to single weights, in any order.</summary>
    public ReadOnlyMemory<Outlier> Outliers { get; init; }
}
