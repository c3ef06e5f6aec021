using ServingStack.Kernels;

namespace ServingStack.Engine.Lowering;

/// <summary>Words for the plan dump.</summary>
internal static class Selections
{
    /// <summary>The rows that were refused before the chosen one, with their reasons.</summary>
    public static string Notes<TProblem, TPacked>(this KernelSelection<TProblem, TPacked> selection) => string.Join("; ", selection.Refusals
        .Where(r => !r.Reason.EndsWith("comes first", StringComparison.Ordinal)).Select(r => $"{r.Kernel}: {r.Reason}"));
}
