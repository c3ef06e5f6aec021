using System.Runtime.InteropServices;

namespace ServingStack.Tests.Shared;

/// <summary>A test that trains; skipped with the reason on systems for which the project references no libtorch.</summary>
internal sealed class TorchFactAttribute : FactAttribute
{
    public TorchFactAttribute() => Skip = TorchNeeded.Reason;
}

/// <summary>A theory that trains; skipped with the reason on systems for which the project references no libtorch.</summary>
internal sealed class TorchTheoryAttribute : TheoryAttribute
{
    public TorchTheoryAttribute() => Skip = TorchNeeded.Reason;
}

internal static class TorchNeeded
{
    public static string? Reason { get; } =
        OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture is System.Runtime.InteropServices.Architecture.X64
        ? null
        : "needs libtorch, which the project references for linux-x64 only";
}
