using ServingStack.Kernels.Machine;
using ServingStack.Kernels.Reference;

namespace ServingStack.Kernels.Embedding;

/// <summary>One way to compute embedding bags.</summary>
/// <param name="Bind">Fixes the addresses. Only for operands that have been checked.</param>
public sealed record EmbeddingBagRow(
    string Name, InstructionSet InstructionSet, Func<EmbeddingBagProblem, EmbeddingBagOperands, EmbeddingBagKernel> Bind) : IKernelRow
{
    public string Family => "embeddingbag";
}

/// <summary>
/// Sums, or takes the mean of, the rows of an embedding table that each bag's indices name: SparseLengthsSum, its weighted and mean forms
/// (the mean divides by the number of indices, not by their weights), and ONNX Gather with ReduceSum or ReduceMean. Rows are added in the
/// order of their indices.
/// </summary>
public static class EmbeddingBag
{
    /// <summary>Best first; every row computes every problem.</summary>
    public static IReadOnlyList<EmbeddingBagRow> Rows { get; } =
    [
        new("embeddingbag_avx512", InstructionSet.Avx512Bw,
            (problem, operands) => new EmittedEmbeddingBag("embeddingbag_avx512", problem, operands)),
        new("embeddingbag_managed", InstructionSet.Portable, Managed),
        new("embeddingbag_reference", InstructionSet.Portable,
            (problem, operands) => new ReferenceEmbeddingBag("embeddingbag_reference", problem, operands)),
    ];

    /// <summary>The best kernel, bound to memory.</summary>
    /// <param name="highest">The level to be held to; null takes the machine's.</param>
    /// <exception cref="ArgumentException">A problem that no kernel computes, or memory that is missing.</exception>
    public static EmbeddingBagKernel Bind(EmbeddingBagProblem problem, EmbeddingBagOperands operands, InstructionSet? highest = null)
    {
        operands.Check(problem);
        var machine = MachineFeatures.Current.InstructionSet;
        var limit = highest is { } asked && asked < machine ? asked : machine;
        return Rows.First(row => row.InstructionSet <= limit).Bind(problem, operands);
    }

    private static EmbeddingBagKernel Managed(EmbeddingBagProblem problem, EmbeddingBagOperands operands) => problem.Rows.Type switch
    {
        EmbeddingRowType.Float16 => new ManagedEmbeddingBag<HalfRowReader>("embeddingbag_managed", problem, operands),
        EmbeddingRowType.Int8 => new ManagedEmbeddingBag<ByteRowReader>("embeddingbag_managed", problem, operands),
        EmbeddingRowType.Int4 => new ManagedEmbeddingBag<NibbleRowReader>("embeddingbag_managed", problem, operands),
        _ => new ManagedEmbeddingBag<FloatRowReader>("embeddingbag_managed", problem, operands),
    };
}
