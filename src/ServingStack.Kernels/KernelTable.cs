using ServingStack.Kernels.Convolution;
using ServingStack.Kernels.Embedding;
using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Jit;
using ServingStack.Kernels.Machine;
using ServingStack.Kernels.Reference;
using ServingStack.Kernels.Tucker;

namespace ServingStack.Kernels;

/// <summary>
/// Every kernel with packed weights, best first. Selection takes the first row that runs on the machine and does not refuse the problem;
/// the
/// last row of each family is the reference, which refuses nothing, so a selection always ends. Tests and benchmarks walk the same rows.
/// </summary>
public static class KernelTable
{
    public static IReadOnlyList<KernelRow<GemmProblem, PackedGemm>> Gemm { get; } =
    [
        new("gemm_int8_avx512amx", "gemm", InstructionSet.Avx512Amx,
            problem => RefusesActivations(problem.A, quantized: true) ?? AmxGemm.Refuses(problem),
            (problem, weights) => new AmxGemm("gemm_int8_avx512amx", "gemm_int8_avx512vnni", problem, weights)),
        EmittedGemmRow("gemm_int8_avx512vnni", InstructionSet.Avx512Vnni, quantized: true),
        EmittedGemmRow("gemm_int8_acc16_avx512bw", InstructionSet.Avx512Bw, quantized: true, PairPlan.Longest),
        EmittedGemmRow("gemm_int8_avx512bw", InstructionSet.Avx512Bw, quantized: true),
        EmittedGemmRow("gemm_fp32_avx512", InstructionSet.Avx512Bw, quantized: false),
        HalfGemmRow("gemm_bf16_avx512bf16", DataType.BFloat16, rounds: true),
        HalfGemmRow("gemm_bf16w_avx512", DataType.BFloat16, rounds: false),
        HalfGemmRow("gemm_fp16w_avx512", DataType.Float16, rounds: false),
        EmittedGemmRow("gemm_int8_avx2", InstructionSet.Avx2, quantized: true),
        EmittedGemmRow("gemm_fp32_avx2", InstructionSet.Avx2, quantized: false),
        new("gemm_managed", "gemm", InstructionSet.Portable, _ => null,
            (problem, weights) => new ManagedGemm("gemm_managed", problem, weights)),
        new("gemm_reference", "gemm", InstructionSet.Portable, _ => null, (problem, weights) => new ReferenceGemm(problem, weights)),
    ];

    public static IReadOnlyList<KernelRow<LowBitProblem, PackedLowBit>> LowBit { get; } =
    [
        new("lowbit_s4_avx512vnni", "lowbit", InstructionSet.Avx512Vnni, _ => null,
            (problem, weights) => new EmittedLowBit(
                "lowbit_s4_avx512vnni", problem, weights, MachineFeatures.Current.HasByteTransforms)),
        new("lowbit_managed", "lowbit", InstructionSet.Portable, _ => null, (problem, weights) => new ManagedLowBit(problem, weights)),
        new("lowbit_reference", "lowbit", InstructionSet.Portable, _ => null, (problem, weights) => new ReferenceLowBit(problem, weights)),
    ];

    public static IReadOnlyList<KernelRow<ConvolutionProblem, PackedConvolution>> Convolution { get; } =
    [
        new("depthwise_int8_avx512vnni", "convolution", InstructionSet.Avx512Vnni,
            problem => RefusesActivations(problem.Input, quantized: true) ?? EmittedDepthwise.Refuses(problem),
            (problem, weights) => new EmittedDepthwise("depthwise_int8_avx512vnni", problem, weights)),
        new("convolution_int8_avx512amx", "convolution", InstructionSet.Avx512Amx,
            problem => RefusesActivations(problem.Input, quantized: true) ?? AmxConvolution.Refuses(problem),
            (problem, weights) => new AmxConvolution(
                "convolution_int8_avx512amx", "convolution_int8_avx512vnni", problem, weights)),
        EmittedGroupedRow("grouped_int8_avx512vnni", InstructionSet.Avx512Vnni, quantized: true),
        EmittedGroupedRow("grouped_fp32_avx512", InstructionSet.Avx512Bw, quantized: false),
        new("depthwise_managed", "convolution", InstructionSet.Portable, ManagedDepthwise.Refuses,
            (problem, weights) => new ManagedDepthwise("depthwise_managed", problem, weights)),
        Winograd.Row<WinogradF4>("winograd_f4_fp32_avx512"),
        Winograd.Row<WinogradF2>("winograd_f2_fp32_avx512"),
        EmittedConvolutionRow("convolution_int8_avx512vnni", InstructionSet.Avx512Vnni, quantized: true),
        EmittedConvolutionRow("convolution_int8_acc16_avx512bw", InstructionSet.Avx512Bw, quantized: true, PairPlan.Longest),
        EmittedConvolutionRow("convolution_int8_avx512bw", InstructionSet.Avx512Bw, quantized: true),
        EmittedConvolutionRow("convolution_fp32_avx512", InstructionSet.Avx512Bw, quantized: false),
        EmittedConvolutionRow("convolution_int8_avx2", InstructionSet.Avx2, quantized: true),
        EmittedConvolutionRow("convolution_fp32_avx2", InstructionSet.Avx2, quantized: false),
        new("convolution_managed", "convolution", InstructionSet.Portable, _ => null,
            (problem, weights) => new ManagedConvolution("convolution_managed", problem, weights)),
        new("convolution_reference", "convolution", InstructionSet.Portable, _ => null,
            (problem, weights) => new ReferenceConvolution(problem, weights)),
    ];

    /// <summary>All rows, for listing.</summary>
    public static IEnumerable<IKernelRow> Rows => [.. Gemm, .. LowBit, .. Convolution, .. TuckerTable.Rows, .. EmbeddingBag.Rows];

    /// <param name="highest">The level to be held to; null takes the machine's.</param>
    public static KernelSelection<GemmProblem, PackedGemm> Select(GemmProblem problem, InstructionSet? highest = null)
    {
        GemmChecks.Check(problem);
        return Select(Gemm, problem, highest);
    }

    /// <inheritdoc cref="Select(GemmProblem, InstructionSet?)"/>
    public static KernelSelection<LowBitProblem, PackedLowBit> Select(LowBitProblem problem, InstructionSet? highest = null)
    {
        LowBitChecks.Check(problem);
        return Select(LowBit, problem, highest);
    }

    /// <inheritdoc cref="Select(GemmProblem, InstructionSet?)"/>
    public static KernelSelection<ConvolutionProblem, PackedConvolution> Select(ConvolutionProblem problem, InstructionSet? highest = null)
    {
        ConvolutionChecks.Check(problem);
        return Select(Convolution, problem, highest);
    }

    private static KernelRow<GemmProblem, PackedGemm> EmittedGemmRow(
        string name, InstructionSet level, bool quantized, PairPlan? pairs = null) => new(
        name, "gemm", level, problem => RefusesActivations(problem.A, quantized) ?? RefusesHalves(problem) ?? RefusesPairs(pairs),
        (problem, weights) => new EmittedGemm(name, problem, weights, level, pairs));

    private static KernelRow<ConvolutionProblem, PackedConvolution> EmittedConvolutionRow(
        string name, InstructionSet level, bool quantized, PairPlan? pairs = null) => new(
        name, "convolution", level, problem => RefusesActivations(problem.Input, quantized) ?? RefusesPairs(pairs),
        (problem, weights) => new EmittedConvolution(name, problem, weights, level, pairs));

    private static KernelRow<ConvolutionProblem, PackedConvolution> EmittedGroupedRow(string name, InstructionSet level, bool quantized) => new(
        name, "convolution", level, problem => RefusesActivations(problem.Input, quantized) ?? EmittedGrouped.Refuses(problem),
        (problem, weights) => new EmittedGrouped(name, problem, weights));

    private static KernelRow<GemmProblem, PackedGemm> HalfGemmRow(string name, DataType weights, bool rounds) => new(
        name, "gemm", InstructionSet.Avx512Bw,
        problem => problem.B != weights ? $"takes {weights} weights, not {problem.B}"
            : !rounds ? null
            : !problem.RoundsActivations ? "rounds activations to bfloat16"
            : BFloat16Speed.Refusal,
        (problem, packed) => new EmittedHalfGemm(name, problem, packed, rounds));

    private static string? RefusesHalves(GemmProblem problem) => problem.StoresHalves() ? $"takes no {problem.B} weights" : null;

    private static string? RefusesPairs(PairPlan? plan) => plan == PairPlan.Longest ? PairSpeeds.Measured.Refuses() : null;

    private static string? RefusesActivations(DataType activations, bool quantized) => (quantized, activations) switch
    {
        (true, DataType.Float32) => "takes UInt8 or Int8 activations, not Float32",
        (false, not DataType.Float32) => $"takes Float32 activations, not {activations}",
        _ => null,
    };

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
