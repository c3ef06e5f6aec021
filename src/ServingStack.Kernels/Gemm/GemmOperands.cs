namespace ServingStack.Kernels.Gemm;

/// <summary>
/// Where a bound GEMM reads and writes. Strides are in bytes between rows. Nothing is read or written outside the M rows.
/// </summary>
public readonly record struct GemmOperands(int M, nint A, nint StrideA, nint C, nint StrideC, nint Residual = 0, nint StrideResidual = 0);
