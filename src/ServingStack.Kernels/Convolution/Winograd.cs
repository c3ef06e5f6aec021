using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Convolution;

/// <summary>What Winograd's algorithms can do, and where they win.</summary>
internal static class Winograd
{
    // With fewer channels bringing tiles to the points and back takes longer than the multiplications that it saves.
    private const int LeastChannels = 16;

    /// <summary>The table row of one algorithm, on the emitted tiles of AVX-512.</summary>
    public static KernelRow<ConvolutionProblem, PackedConvolution> Row<TTransform>(string name)
        where TTransform : struct, IWinogradTransform => new(
        name, "convolution", InstructionSet.Avx512Bw, Refuses<TTransform>,
        (problem, weights) => new WinogradConvolution<TTransform>(name, problem, weights));

    private static string? Refuses<TTransform>(ConvolutionProblem problem)
        where TTransform : struct, IWinogradTransform => RefusesForm(problem) ?? RefusesSize<TTransform>(problem);

    private static string? RefusesForm(ConvolutionProblem problem) => problem switch
    {
        { Input: not DataType.Float32 } => $"takes Float32 activations, not {problem.Input}",
        { KernelDepth: not 1 } or { InputDepth: not 1 } => $"takes images, not {problem.InputDepth} frames",
        { KernelHeight: not 3 } or { KernelWidth: not 3 } => $"takes 3x3 kernels, not {problem.KernelHeight}x{problem.KernelWidth}",
        { StrideY: not 1 } or { StrideX: not 1 } => $"takes stride 1, not {problem.StrideY}x{problem.StrideX}",
        { DilationY: not 1 } or { DilationX: not 1 } => $"takes dilation 1, not {problem.DilationY}x{problem.DilationX}",
        { Groups: not 1 } => $"takes one group, not {problem.Groups}",
        { Epilogue.Residual: not (null or DataType.Float32) } => $"adds Float32 residuals, not {problem.Epilogue.Residual}",
        _ => null,
    };

    private static string? RefusesSize<TTransform>(ConvolutionProblem problem)
        where TTransform : struct, IWinogradTransform
    {
        var (inputs, outputs) = (problem.InputChannels, problem.OutputChannels);
        if (Math.Min(inputs, outputs) < LeastChannels)
            return $"takes {LeastChannels} channels or more, not {inputs} to {outputs}";
        var tiles = new WinogradTiles(problem, TTransform.Outputs, Batch: 1).Count;
        var points = (TTransform.Outputs + 2) * (TTransform.Outputs + 2);
        var pixels = problem.OutputHeight * problem.OutputWidth;
        // A third of the multiplications must be saved, or the transforms cost more.
        if (tiles * points * 3 > pixels * 9 * 2)
            return $"takes images that fill its tiles of {TTransform.Outputs}x{TTransform.Outputs}, "
                + $"not {problem.OutputHeight}x{problem.OutputWidth}";
        // Weights from beyond the second-level cache, one set a point, are worth their way from about as many tiles on.
        var weightBytes = (long)points * inputs * outputs * sizeof(float);
        return tiles < points && weightBytes > MachineFeatures.Current.Caches.L2
            ? $"takes {points} tiles an image or more for weights of {weightBytes >> 10} KiB, not {tiles}"
            : null;
    }
}
