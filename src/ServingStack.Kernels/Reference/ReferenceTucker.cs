using ServingStack.Kernels.Convolution;
using ServingStack.Kernels.Machine;
using ServingStack.Kernels.Tucker;

namespace ServingStack.Kernels.Reference;

/// <summary>The definition of a Tucker block: three convolutions, one after another, with whole tensors between them.</summary>
internal sealed class ReferenceTucker : PackedTucker
{
    private readonly ReferenceConvolution _reduce;
    private readonly ReferenceConvolution _core;
    private readonly ReferenceConvolution _expand;

    public ReferenceTucker(TuckerProblem problem, TuckerWeights weights) : base(problem)
    {
        TuckerChecks.Check(problem, weights);
        _reduce = new ReferenceConvolution(problem.Reduce, weights.Reduce);
        _core = new ReferenceConvolution(problem.Core, weights.Core);
        _expand = new ReferenceConvolution(problem.Expand, weights.Expand);
    }

    protected override BoundKernel BindChecked(ConvolutionOperands operands)
    {
        var reduced = Stored(Problem.Reduce, operands.Batch);
        var cored = Stored(Problem.Core, operands.Batch);
        return new Bound(
            [
                _reduce.Bind(new ConvolutionOperands(operands.Batch, operands.Input, reduced.Address)),
                _core.Bind(new ConvolutionOperands(operands.Batch, reduced.Address, cored.Address)),
                _expand.Bind(operands with { Input = cored.Address }),
            ],
            [reduced, cored]);
    }

    private static NativeBuffer Stored(ConvolutionProblem problem, int batch) => new(
        (long)batch * problem.OutputHeight * problem.OutputWidth * problem.OutputChannels * problem.Epilogue.Output.Size());

    private sealed class Bound(BoundKernel[] stages, NativeBuffer[] intermediates) : BoundKernel
    {
        public override string KernelName => "tucker_reference";

        public override void Run(int part, int parts)
        {
            foreach (var stage in stages) stage.Run(0, 1);
            GC.KeepAlive(intermediates);
        }
    }
}
