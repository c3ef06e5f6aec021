using ServingStack.Kernels.Machine;
using ServingStack.Kernels.Reference;

namespace ServingStack.Kernels.Tucker;

/// <summary>One way to compute a Tucker block; see <see cref="KernelRow{TProblem, TPacked}"/>.</summary>
public sealed record TuckerRow(
    string Name, InstructionSet InstructionSet, Func<TuckerProblem, string?> Refuses, Func<TuckerProblem, TuckerWeights, PackedTucker> Pack)
    : IKernelRow
{
    public string Family => "tucker";
}

/// <summary>The rows of the family <c>tucker</c>, best first; the last one is the reference.</summary>
public static class TuckerTable
{
    public static IReadOnlyList<TuckerRow> Rows { get; } =
    [
        Emitted("tucker_int8_avx512vnni", InstructionSet.Avx512Vnni, quantized: true),
        Emitted("tucker_fp32_avx512", InstructionSet.Avx512Bw, quantized: false),
        new("tucker_reference", InstructionSet.Portable, _ => null, (problem, weights) => new ReferenceTucker(problem, weights)),
    ];

    /// <summary>The first row that does the problem at <paramref name="highest"/>, or at the machine's level.</summary>
    public static TuckerRow Select(TuckerProblem problem, InstructionSet? highest = null)
    {
        TuckerChecks.Check(problem);
        var machine = MachineFeatures.Current.InstructionSet;
        var limit = highest is { } asked && asked < machine ? asked : machine;
        return Rows.First(row => row.InstructionSet <= limit && row.Refuses(problem) is null);
    }

    private static TuckerRow Emitted(string name, InstructionSet level, bool quantized) => new(
        name, level, problem => Refuses(problem, quantized), (problem, weights) => new EmittedTucker(name, level, problem, weights));

    private static string? Refuses(TuckerProblem problem, bool quantized)
    {
        foreach (var type in (DataType[])[problem.Reduce.Input, problem.Core.Input, problem.Expand.Input])
            if (type == DataType.Float32 == quantized)
                return $"takes {(quantized ? "UInt8 or Int8" : "Float32")} activations and intermediates, not {type}";
        return null;
    }
}
