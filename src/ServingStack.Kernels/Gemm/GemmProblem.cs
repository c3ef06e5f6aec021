namespace ServingStack.Kernels.Gemm;

/// <summary>
/// C[M,N] = epilogue(A[M,K] · B[K,N]), B constant. M is known when a kernel is bound. This record holds what code generation may
/// specialise on; numbers that change from layer to layer only (bias, scales) are in <see cref="GemmWeights"/>.
/// </summary>
/// <param name="N">Output channels, 1 or more.</param>
/// <param name="K">Depth, 1 or more.</param>
/// <param name="A">Float32, UInt8 or Int8.</param>
/// <param name="Epilogue">What is done to the accumulators.</param>
public sealed record GemmProblem(int N, int K, DataType A, Epilogue Epilogue)
{
    /// <summary>Int8 for quantized problems; Float32 for fp32, or Float16 or BFloat16 where weights are stored in 16 bits.</summary>
    public DataType B { get; init; } = A == DataType.Float32 ? DataType.Float32 : DataType.Int8;

    /// <summary>
    /// With BFloat16 weights: activations may be rounded to bfloat16, a relative error of at most 2^-9 each, where that is faster.
    /// </summary>
    public bool RoundsActivations { get; init; }
}
