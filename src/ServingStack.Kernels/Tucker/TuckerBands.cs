using ServingStack.Kernels.Convolution;
using ServingStack.Kernels.Machine;
using ServingStack.Kernels.Parallel;

namespace ServingStack.Kernels.Tucker;

/// <summary>
/// How the output is cut into bands of lines, so that what a band reads and stores between the convolutions stays in the
/// second-level cache.
/// </summary>
internal sealed class TuckerBands
{
    // Pixels from which on tiles are full, and the core's weights worth their way: from the second-level cache, or from beyond it.
    private const int EnoughForNearWeights = 96;
    private const int EnoughForFarWeights = 1024;

    // Winograd's algorithm reads four times the weights.
    private const int WinogradGrowth = 4;

    private readonly ConvolutionProblem _core;

    public TuckerBands(TuckerProblem problem)
        : this(problem, MostLines(problem.Core))
    {
    }

    /// <param name="problem">The three convolutions.</param>
    /// <param name="mostLines">Output lines of a band at most, 1 or more.</param>
    public TuckerBands(TuckerProblem problem, int mostLines)
    {
        _core = problem.Core;
        var height = _core.OutputHeight;
        Count = (height + mostLines - 1) / mostLines;
        Lines = (height + Count - 1) / Count;
    }

    /// <summary>Bands of one image.</summary>
    public int Count { get; }

    /// <summary>Output lines of a band; the last one may have fewer.</summary>
    public int Lines { get; }

    /// <summary>Lines that the reduced input moves on from band to band.</summary>
    public int Step => Lines * _core.StrideY;

    /// <summary>Lines of the reduced input that a band reads.</summary>
    public int InputLines => Step + Halo;

    /// <summary>The core convolution of one band, on lines that lie in scratch memory with the padding above and below them.</summary>
    public ConvolutionProblem CoreOfBand => _core with { InputHeight = InputLines, PadTop = 0, PadBottom = 0 };

    private static int MostLines(ConvolutionProblem core)
    {
        var height = core.OutputHeight;
        var inputLine = core.InputWidth * core.InputChannels * core.Input.Size();
        var outputLine = core.OutputWidth * core.OutputChannels * core.Epilogue.Output.Size();
        var fitting = MachineFeatures.Current.Caches.L2 / 4 / ((inputLine * core.StrideY) + outputLine);
        var enough = (EnoughPixels(core) + core.OutputWidth - 1) / core.OutputWidth;
        // Every core gets a band, if that leaves it enough to do.
        var fair = Math.Max(enough, (height + CpuQuota.UsableCores - 1) / CpuQuota.UsableCores);
        return Math.Clamp(Math.Min(Math.Max(fitting, enough), fair), 1, height);
    }

    private static int EnoughPixels(ConvolutionProblem core)
    {
        var weights = (long)core.InputChannels * core.OutputChannels * core.KernelHeight * core.KernelWidth * core.Input.Size();
        if (core.Input == DataType.Float32) weights *= WinogradGrowth;
        return weights > MachineFeatures.Current.Caches.L2 ? EnoughForFarWeights : EnoughForNearWeights;
    }

    // Lines that a band reads beyond what it moves on; fewer than none where a stride leaves lines out.
    private int Halo => (_core.DilationY * (_core.KernelHeight - 1)) + 1 - _core.StrideY;
}
