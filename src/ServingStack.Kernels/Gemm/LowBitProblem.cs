namespace ServingStack.Kernels.Gemm;

/// <summary>
/// C[M,N] = epilogue(A[M,K] · W[K,N]) with constant weights of four bits, scaled in blocks along K:
/// W[k,n] = (q[n,k] - zeroPoint[n,b]) * scale[n,b] + outlier[k,n], b = k / Block, q from 0 to 15. The layout of the numbers is that of
/// ONNX Runtime's <c>MatMulNBits</c>; see <see cref="GemmWeights"/>.
/// <para>
/// Activations are multiplied as signed bytes. Float32 rows are quantized first, each with its own step of a 127th of its largest
/// magnitude; bytes are taken as they are. For each block, the integer dot product times the scale is added, in fp32, in the order of the
/// blocks; then the outliers, in four partial sums. The epilogue's x is that sum times the row's step, or times <c>Scale[n]</c> for bytes,
/// plus the bias.
/// </para>
/// </summary>
/// <param name="N">Output channels, 1 or more.</param>
/// <param name="K">Depth, 1 or more.</param>
/// <param name="A">Float32, UInt8 or Int8.</param>
/// <param name="Block">Weights along K that share a scale: a multiple of 16, or any number from K on (one scale a channel).</param>
/// <param name="Epilogue">What is done to the sums; the output is Float32, UInt8 or Int8.</param>
public sealed record LowBitProblem(int N, int K, DataType A, int Block, Epilogue Epilogue)
{
    /// <summary>Whether blocks have zero points of their own; otherwise all are 8.</summary>
    public bool HasZeroPoints { get; init; }

    /// <summary>Whether some weights have a part of higher precision beside their four bits.</summary>
    public bool HasOutliers { get; init; }

    /// <summary>Blocks along K; the last may be cut.</summary>
    public int Blocks => ((K - 1) / Block) + 1;
}
