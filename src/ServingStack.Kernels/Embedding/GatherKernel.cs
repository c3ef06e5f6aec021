namespace ServingStack.Kernels.Embedding;

/// <summary>
/// A bound kernel that reads rows by index (<see cref="Gather"/>, <see cref="EmbeddingBag"/>), which can be asked whether an index was out
/// of range.
/// </summary>
public abstract class GatherKernel : BoundKernel
{
    private volatile bool _fault;

    private protected bool Fault
    {
        set => _fault = value;
    }

    /// <summary>True once after runs that met an index out of range (its row counts as zeros). Call it when no part is running.</summary>
    public bool TakeFault()
    {
        var fault = _fault;
        _fault = false;
        return fault;
    }
}
