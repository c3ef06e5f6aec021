namespace ServingStack.Kernels.Embedding;

/// <summary>
/// A bound kernel that reads rows by index (<see cref="Gather"/>, <see cref="EmbeddingBag"/>), which can be asked whether an index was out
/// of range.
/// </summary>
public abstract class GatherKernel : BoundKernel
{
    private int _fault;

    /// <summary>True once after runs that met an index out of range (its row counts as zeros). Call it when no part is running.</summary>
    public bool TakeFault() => Interlocked.Exchange(ref _fault, 0) != 0;

    /// <summary>Reports a fault. True for the first since the last was taken.</summary>
    private protected bool ReportFault() => Interlocked.Exchange(ref _fault, 1) == 0;
}
