namespace ServingStack.Kernels;

/// <summary>
/// A kernel bound to memory: the code is chosen, weights are packed, addresses are fixed; nothing is left but to run it. One instance may
/// be run by several workers at once, each with its own part; the caller sees to it that all parts end before a reader starts.
/// </summary>
public abstract class BoundKernel
{
    /// <summary>The kernel table's row, for example <c>gemm_u8s8_14x32_avx512vnni</c>.</summary>
    public abstract string KernelName { get; }

    /// <summary>Into how many parts the work can usefully be split; 1 when it is too small or cannot be.</summary>
    public virtual int MaxParts => 1;

    /// <summary>
    /// Computes part <paramref name="part"/> of <paramref name="parts"/> (0-based; <c>parts &lt;= MaxParts</c>). Allocates nothing,
    /// locks nothing, and throws nothing.
    /// </summary>
    public abstract void Run(int part, int parts);
}
