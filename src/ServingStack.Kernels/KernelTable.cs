using ServingStack.Kernels.Convolution;
using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Machine;
using ServingStack.Kernels.Reference;

namespace ServingStack.Kernels;

/// <summary>
/// Every kernel with packed weights, best first. Selection takes the first row that runs on the machine and does not refuse the problem; the
/// last row of each family is the reference, which refuses nothing, so a selection always ends. Tests and benchmarks walk the same rows.
/// </summary>
public static class KernelTable
{
    public static IReadOnlyList<KernelRow<GemmProblem, PackedGemm>> Gemm { get; } =
    [
        new("gemm_reference", "gemm", InstructionSet.Portable, _ => null, (problem, weights) => new ReferenceGemm(problem, weights)),
    ];

    public static IReadOnlyList<KernelRow<ConvolutionProblem, PackedConvolution>> Convolution { get; } =
    [
        new("convolution_reference", "convolution", InstructionSet.Portable, _ => null,
            (problem, weights) => new ReferenceConvolution(problem, weights)),
    ];

    /// <summary>All rows, for listing.</summary>
    public static IEnumerable<IKernelRow> Rows => [.. Gemm, .. Convolution];

    /// <param name="highest">The level to be held to; null takes the machine's.</param>
    public static KernelSelection<GemmProblem, PackedGemm> Select(GemmProblem problem, InstructionSet? highest = null)
    {
        GemmChecks.Check(problem);
        return Select(Gemm, problem, highest);
    }

    /// <inheritdoc cref="Select(GemmProblem, InstructionSet?)"/>
    public static KernelSelection<ConvolutionProblem, PackedConvolution> Select(ConvolutionProblem problem, InstructionSet? highest = null)
    {
        ConvolutionChecks.Check(problem);
        return Select(Convolution, problem, highest);
    }

    private static KernelSelection<TProblem, TPacked> Select<TProblem, TPacked>(
        IReadOnlyList<KernelRow<TProblem, TPacked>> rows, TProblem problem, InstructionSet? highest)
    {
        var machine = MachineFeatures.Current.InstructionSet;
        var limit = highest is { } asked && asked < machine ? asked : machine;
        KernelRow<TProblem, TPacked>? chosen = null;
        var refusals = new List<KernelRefusal>(rows.Count);
        foreach (var row in rows)
        {
            var reason = row.InstructionSet > limit ? $"needs {row.InstructionSet}, held to {limit}" : row.Refuses(problem);
            if (reason is null && chosen is null) chosen = row;
            else refusals.Add(new KernelRefusal(row.Name, reason ?? $"{chosen!.Name} comes first"));
        }
        return new(chosen ?? throw new InvalidOperationException($"No kernel accepts {problem}."), refusals);
    }
}
