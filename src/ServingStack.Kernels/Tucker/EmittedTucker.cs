using ServingStack.Kernels.Convolution;
using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Tucker;

/// <summary>
/// The three convolutions as one kernel, a band of lines at a time: both products run on emitted tiles, the core on the best row that there
/// is for a band of it.
/// </summary>
internal sealed class EmittedTucker : PackedTucker
{
    private readonly string _row;
    private readonly TuckerBands _bands;
    private readonly EmittedGemm _reduce;
    private readonly PackedConvolution _core;
    private readonly EmittedGemm _expand;
    private readonly byte _zeroPoint;

    public EmittedTucker(string row, InstructionSet level, TuckerProblem problem, TuckerWeights weights)
        : this(row, level, problem, weights, new TuckerBands(problem))
    {
    }

    public EmittedTucker(string row, InstructionSet level, TuckerProblem problem, TuckerWeights weights, TuckerBands bands) : base(problem)
    {
        TuckerChecks.Check(problem, weights);
        (_row, _bands) = (row, bands);
        _reduce = Pack(row, level, problem.Reduce, weights.Reduce);
        _core = KernelTable.Select(_bands.CoreOfBand, level).Chosen.Pack(_bands.CoreOfBand, weights.Core);
        _expand = Pack(row, level, problem.Expand, weights.Expand);
        _zeroPoint = (byte)weights.Core.ZeroPointA;
    }

    protected override BoundKernel BindChecked(ConvolutionOperands operands) =>
        new BoundTucker(_row, Problem, _bands, operands, new TuckerStages(_reduce.Product, _core, _expand.Product, _zeroPoint));

    protected override void Dispose(bool disposing)
    {
        _reduce.Dispose();
        _core.Dispose();
        _expand.Dispose();
        base.Dispose(disposing);
    }

    private static EmittedGemm Pack(string row, InstructionSet level, ConvolutionProblem problem, GemmWeights weights) => new(
        row, new GemmProblem(problem.OutputChannels, problem.InputChannels, problem.Input, problem.Epilogue),
        weights with { B = new TapLayout(problem).DepthMajor(weights.B.Span, group: 0) }, level);
}

/// <summary>The packed weights of the three convolutions, and the byte that the core's padding reads.</summary>
internal sealed record TuckerStages(TileProduct Reduce, PackedConvolution Core, TileProduct Expand, byte ZeroPoint);
