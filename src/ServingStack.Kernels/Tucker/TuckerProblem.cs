using ServingStack.Kernels.Convolution;

namespace ServingStack.Kernels.Tucker;

/// <summary>
/// Three convolutions in a row, as a Tucker decomposition leaves them: 1x1 to few channels, the kernel between few channels, 1x1 to many.
/// Each has its own epilogue; what one stores is what the next one reads.
/// Source: Y.-D. Kim et al., "Compression of Deep Convolutional Neural Networks for Fast and Low Power Mobile Applications", 2016.
/// </summary>
/// <param name="Reduce">1x1, stride 1, no padding, one group.</param>
/// <param name="Core">Any kernel, stride, padding and dilation; one group.</param>
/// <param name="Expand">1x1, stride 1, no padding, one group; the only one whose epilogue may add a residual.</param>
public sealed record TuckerProblem(ConvolutionProblem Reduce, ConvolutionProblem Core, ConvolutionProblem Expand)
{
    /// <summary>Multiply-adds of one image.</summary>
    public long MultiplyAdds => Of(Reduce) + Of(Core) + Of(Expand);

    private static long Of(ConvolutionProblem p) =>
        (long)p.InputChannels * p.OutputChannels * p.KernelHeight * p.KernelWidth * p.OutputHeight * p.OutputWidth;
}
