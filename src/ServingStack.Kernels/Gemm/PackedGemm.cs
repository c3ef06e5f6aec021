namespace ServingStack.Kernels.Gemm;

/// <summary>A GEMM's weights in the order its kernel reads them: immutable, shared by all threads and bindings.</summary>
public abstract class PackedGemm(GemmProblem problem) : IDisposable
{
    public GemmProblem Problem { get; } = problem;

    /// <summary>Fixes rows and addresses. The result must not be run after this object is disposed.</summary>
    public BoundKernel Bind(GemmOperands operands)
    {
        GemmChecks.Check(Problem, operands);
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
