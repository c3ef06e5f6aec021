using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels;

/// <summary>What any row of the kernel table tells about itself.</summary>
public interface IKernelRow
{
    /// <summary>For example <c>gemm_int8_avx512vnni</c>.</summary>
    string Name { get; }

    /// <summary>For example <c>gemm</c>: rows of one family solve the same problem.</summary>
    string Family { get; }

    /// <summary>The lowest level that the row runs on.</summary>
    InstructionSet InstructionSet { get; }
}

/// <summary>One way to compute a family of problems.</summary>
/// <param name="Refuses">The reason why the row cannot do this problem, in words for a user; null when it can.</param>
/// <param name="Pack">Brings weights into the row's own order, once per model. Only for problems that are not refused.</param>
public sealed record KernelRow<TProblem, TPacked>(
    string Name,
    string Family,
    InstructionSet InstructionSet,
    Func<TProblem, string?> Refuses,
    Func<TProblem, GemmWeights, TPacked> Pack) : IKernelRow;

/// <summary>A row that was not chosen, and why.</summary>
public sealed record KernelRefusal(string Kernel, string Reason);

/// <summary>The first row that does a problem, and the reasons against all others.</summary>
public sealed record KernelSelection<TProblem, TPacked>(KernelRow<TProblem, TPacked> Chosen, IReadOnlyList<KernelRefusal> Refusals);
