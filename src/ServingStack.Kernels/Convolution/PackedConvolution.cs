namespace ServingStack.Kernels.Convolution;

/// <summary>A convolution's weights in the order its kernel reads them: immutable, shared by all threads and bindings.</summary>
public abstract class PackedConvolution(ConvolutionProblem problem) : IDisposable
{
    public ConvolutionProblem Problem { get; } = problem;

    /// <summary>Fixes batch and addresses. The result must not be run after this object is disposed.</summary>
    public BoundKernel Bind(ConvolutionOperands operands)
    {
        ConvolutionChecks.Check(Problem, operands);
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
