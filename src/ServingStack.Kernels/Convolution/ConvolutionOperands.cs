namespace ServingStack.Kernels.Convolution;

/// <summary>Where a bound convolution reads and writes: dense NHWC tensors of <paramref name="Batch"/> images.</summary>
public readonly record struct ConvolutionOperands(int Batch, nint Input, nint Output, nint Residual = 0);
