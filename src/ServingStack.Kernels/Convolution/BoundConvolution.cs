using ServingStack.Kernels.Gemm;

namespace ServingStack.Kernels.Convolution;

/// <summary>A convolution's products, one a group, over one prepared input.</summary>
internal sealed class BoundConvolution(IPreparedInput input, BoundProduct[] groups) : BoundKernel
{
    public override string KernelName => groups[0].KernelName;

    public override int MaxParts => groups[0].MaxParts;

    public override void Run(int part, int parts)
    {
        // Parts whose rows meet copy the same pixels: both write the same bytes.
        var (first, end) = groups[0].RowsOf(part, parts);
        input.Refresh(first, end);
        foreach (var group in groups) group.Run(part, parts);
    }
}
