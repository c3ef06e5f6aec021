using ServingStack.Kernels.Gemm;

namespace ServingStack.Kernels.Convolution;

/// <summary>A convolution's tile products, one a group, over one table of addresses.</summary>
internal sealed class BoundConvolution(IndirectionTable table, BoundTiles[] groups) : BoundKernel
{
    public override string KernelName => groups[0].KernelName;

    public override int MaxParts => groups[0].MaxParts;

    public override void Run(int part, int parts)
    {
        // Parts whose rows meet copy the same strips: both write the same bytes.
        var (first, end) = groups[0].RowsOf(part, parts);
        table.Refresh(first, end);
        foreach (var group in groups) group.Run(part, parts);
    }
}
