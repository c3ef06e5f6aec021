using ServingStack.Kernels.Gemm;

namespace ServingStack.Kernels.Tucker;

/// <summary>The constants of the three convolutions, each as its own convolution takes them.</summary>
public sealed record TuckerWeights(GemmWeights Reduce, GemmWeights Core, GemmWeights Expand);
