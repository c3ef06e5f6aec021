using ServingStack.Kernels.Gemm;

namespace ServingStack.Kernels.Convolution;

/// <summary>Refuses what no kernel could compute, before memory is touched; messages name the value and what was expected.</summary>
internal static class ConvolutionChecks
{
    public static void Check(ConvolutionProblem problem)
    {
        foreach (var (value, name) in PositiveSizes(problem)) GemmChecks.Positive(value, name);
        foreach (var pad in PaddingsOf(problem))
            if (pad < 0) throw new ArgumentException($"A padding is {pad}; 0 or more is expected.");
        if (problem.InputChannels % problem.Groups != 0 || problem.OutputChannels % problem.Groups != 0)
            throw new ArgumentException(
                $"{problem.Groups} groups do not divide {problem.InputChannels} input and {problem.OutputChannels} output channels.");
        GemmChecks.Positive(problem.OutputDepth, nameof(problem.OutputDepth));
        GemmChecks.Positive(problem.OutputHeight, nameof(problem.OutputHeight));
        GemmChecks.Positive(problem.OutputWidth, nameof(problem.OutputWidth));
        GemmChecks.Check(problem.Input, problem.Epilogue);
    }

    public static void Check(ConvolutionProblem problem, GemmWeights weights) =>
        GemmChecks.Check(problem.Input, problem.Epilogue, problem.OutputChannels, WeightCount(problem), weights);

    public static void Check(ConvolutionProblem problem, ConvolutionOperands operands)
    {
        GemmChecks.Positive(operands.Batch, nameof(operands.Batch));
        GemmChecks.Address(operands.Input, nameof(operands.Input));
        GemmChecks.Address(operands.Output, nameof(operands.Output));
        if (problem.Epilogue.Residual is not null) GemmChecks.Address(operands.Residual, nameof(operands.Residual));
    }

    private static int[] PaddingsOf(ConvolutionProblem problem) =>
        [problem.PadFront, problem.PadTop, problem.PadLeft, problem.PadBack, problem.PadBottom, problem.PadRight];

    private static long WeightCount(ConvolutionProblem problem) =>
        (long)problem.OutputChannels * (problem.InputChannels / problem.Groups) * problem.KernelPixels;

    private static (int Value, string Name)[] PositiveSizes(ConvolutionProblem problem) =>
    [
        (problem.InputChannels, nameof(problem.InputChannels)),
        (problem.OutputChannels, nameof(problem.OutputChannels)),
        (problem.InputDepth, nameof(problem.InputDepth)),
        (problem.InputHeight, nameof(problem.InputHeight)),
        (problem.InputWidth, nameof(problem.InputWidth)),
        (problem.KernelDepth, nameof(problem.KernelDepth)),
        (problem.KernelHeight, nameof(problem.KernelHeight)),
        (problem.KernelWidth, nameof(problem.KernelWidth)),
        (problem.StrideZ, nameof(problem.StrideZ)),
        (problem.StrideY, nameof(problem.StrideY)),
        (problem.StrideX, nameof(problem.StrideX)),
        (problem.DilationZ, nameof(problem.DilationZ)),
        (problem.DilationY, nameof(problem.DilationY)),
        (problem.DilationX, nameof(problem.DilationX)),
        (problem.Groups, nameof(problem.Groups)),
    ];
}
