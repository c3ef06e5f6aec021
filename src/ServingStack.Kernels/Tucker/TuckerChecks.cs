using ServingStack.Kernels.Convolution;

namespace ServingStack.Kernels.Tucker;

/// <summary>Refuses three convolutions that do not follow one another; messages name the value and what was expected.</summary>
internal static class TuckerChecks
{
    public static void Check(TuckerProblem problem)
    {
        foreach (var convolution in (ConvolutionProblem[])[problem.Reduce, problem.Core, problem.Expand])
        {
            ConvolutionChecks.Check(convolution);
            if (convolution.InputDepth != 1 || convolution.KernelDepth != 1)
                throw new ArgumentException($"A convolution runs over {convolution.InputDepth} frames; images are expected.");
            if (convolution.Groups != 1) throw new ArgumentException($"A convolution has {convolution.Groups} groups; 1 is expected.");
        }
        CheckPointwise(problem.Reduce, nameof(problem.Reduce));
        CheckPointwise(problem.Expand, nameof(problem.Expand));
        CheckFollows(problem.Reduce, problem.Core, nameof(problem.Core));
        CheckFollows(problem.Core, problem.Expand, nameof(problem.Expand));
        if (problem.Reduce.Epilogue.Residual is not null || problem.Core.Epilogue.Residual is not null)
            throw new ArgumentException("A residual is added to an intermediate result; only the last convolution may add one.");
    }

    public static void Check(TuckerProblem problem, TuckerWeights weights)
    {
        ConvolutionChecks.Check(problem.Reduce, weights.Reduce);
        ConvolutionChecks.Check(problem.Core, weights.Core);
        ConvolutionChecks.Check(problem.Expand, weights.Expand);
    }

    private static void CheckPointwise(ConvolutionProblem problem, string name)
    {
        if (!new TapLayout(problem).IsGemm)
            throw new ArgumentException(
                $"{name} is a {problem.KernelHeight}x{problem.KernelWidth} convolution of stride {problem.StrideY}x{problem.StrideX}; "
                + "1x1, stride 1, without padding is expected.");
    }

    private static void CheckFollows(ConvolutionProblem first, ConvolutionProblem second, string name)
    {
        var (stored, read) = (Extents(first.OutputHeight, first.OutputWidth, first.OutputChannels, first.Epilogue.Output),
            Extents(second.InputHeight, second.InputWidth, second.InputChannels, second.Input));
        if (stored != read) throw new ArgumentException($"{name} reads {read}, but the convolution before it stores {stored}.");
    }

    private static string Extents(int height, int width, int channels, DataType type) => $"{height}x{width}x{channels} {type}";
}
