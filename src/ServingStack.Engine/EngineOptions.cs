using ServingStack.Kernels.Machine;
using ServingStack.Kernels.Parallel;

namespace ServingStack.Engine;

/// <summary>How a model is compiled and run.</summary>
public sealed record EngineOptions
{
    /// <summary>
    /// Workers that one run is split across; 0 means as many as the process may use (its CPU quota). One is the default because a server
    /// gains more from running several requests side by side than from splitting one.
    /// </summary>
    public int Threads { get; init; } = 1;

    /// <summary>Runs the whole model on ONNX Runtime, for comparisons.</summary>
    public bool ForceOnnxRuntime { get; init; }

    /// <summary>The highest level of vector instructions that kernels may use; null takes what the machine has.</summary>
    public InstructionSet? Isa { get; init; }

    /// <summary>Names of portable passes to leave out.</summary>
    public IReadOnlySet<string> DisabledPasses { get; init; } = new HashSet<string>();

    /// <summary>
    /// Plans that a session keeps, one for each combination of input shapes; the one that was not used for longest gives way.
    /// 16 holds every power of two up to the largest batch that pays, several times over.
    /// </summary>
    public int MaxPlans { get; init; } = 16;

    internal int ThreadCount => Threads switch
    {
        0 => CpuQuota.UsableCores,
        > 0 => Threads,
        _ => throw new ArgumentOutOfRangeException(nameof(Threads), Threads, "Threads is 0 (all that the process may use) or more."),
    };
}
