using ServingStack.Kernels.Convolution;

namespace ServingStack.Kernels.Tucker;

/// <summary>Weights of three convolutions in the order their kernel reads them: immutable, shared by all threads and bindings.</summary>
public abstract class PackedTucker(TuckerProblem problem) : IDisposable
{
    public TuckerProblem Problem { get; } = problem;

    /// <summary>
    /// Fixes batch and addresses: the input of the first convolution, the output and residual of the last. The result must not be run
    /// after this object is disposed.
    /// </summary>
    public BoundKernel Bind(ConvolutionOperands operands)
    {
        ConvolutionChecks.Check(Problem.Expand, operands);
        return BindChecked(operands);
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected abstract BoundKernel BindChecked(ConvolutionOperands operands);

    protected virtual void Dispose(bool disposing)
    {
    }
}
