namespace ServingStack.Kernels.Gemm;

/// <summary>A product bound to memory, of which a part computes some rows or some columns.</summary>
internal abstract class BoundProduct : BoundKernel
{
    /// <summary>The rows that a part computes, for whoever must prepare their inputs.</summary>
    public abstract (int First, int End) RowsOf(int part, int parts);
}
