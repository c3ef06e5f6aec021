using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Jit;

namespace ServingStack.Kernels.Convolution;

/// <summary>
/// Grouped convolution, and depthwise on floats, by emitted AVX-512 code: a vector holds outputs of as many groups as it takes to fill it.
/// </summary>
internal sealed class EmittedGrouped : PackedConvolution
{
    private readonly string _row;
    private readonly LinePanels _panels;
    private readonly LineBlock[] _blocks;
    private readonly int _zeroPoint;

    public EmittedGrouped(string row, ConvolutionProblem problem, GemmWeights weights) : base(problem)
    {
        ConvolutionChecks.Check(problem, weights);
        (_row, _zeroPoint) = (row, weights.ZeroPointA);
        var layout = new GroupedLayout(problem);
        var constants = new EpilogueConstants(problem.Epilogue, LinePanels.LargestResult(problem, weights));
        var keys = Enumerable.Range(0, layout.Blocks)
            .Select(block => new GroupedKernelKey(problem, constants, layout, layout.Outputs(block)))
            .ToArray();
        _panels = new GroupedPacking(problem, layout, weights).Pack(keys[0]);
        _blocks =
        [
            .. keys.Select((key, block) => new LineBlock(
                KernelCache.Shared.GetOrEmit(key, missing => new GroupedEmitter(missing)),
                layout.FirstInput(block) * problem.Input.Size(), layout.FirstOutput(block) * problem.Epilogue.Output.Size())),
        ];
    }

    /// <summary>Why the emitted kernels cannot do a problem, or null.</summary>
    public static string? Refuses(ConvolutionProblem problem) =>
        GroupedLayout.Refuses(problem) ?? LineBlock.Refuses(problem.Input, problem.Epilogue);

    protected override BoundKernel BindChecked(ConvolutionOperands operands) =>
        new BoundLines(_row, Problem, _panels, _blocks, operands, new LineTable(Problem, operands, _zeroPoint));

    protected override void Dispose(bool disposing)
    {
        _panels.Dispose();
        base.Dispose(disposing);
    }
}
