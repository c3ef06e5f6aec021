namespace ServingStack.Kernels.Gemm;

/// <summary>The 4-bit weights of a GEMM in the order its kernel reads them: immutable, shared by all threads and bindings.</summary>
public abstract class PackedLowBit(LowBitProblem problem) : IDisposable
{
    public LowBitProblem Problem { get; } = problem;

    /// <summary>Fixes rows and addresses. The result must not be run after this object is disposed.</summary>
    public BoundKernel Bind(GemmOperands operands)
    {
        GemmChecks.Check(Problem.ForChecks(), operands);
        return BindChecked(operands);
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected abstract BoundKernel BindChecked(GemmOperands operands);

    protected virtual void Dispose(bool disposing)
    {
    }
}
