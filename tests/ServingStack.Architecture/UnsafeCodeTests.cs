using System.Text.RegularExpressions;

namespace ServingStack.Architecture;

/// <summary>Memory that nobody checks is touched in one room only.</summary>
public partial class UnsafeCodeTests
{
    private static readonly string[] Allowed = ["Kernels", "Kernels.Tests"];

    [Fact]
    public void AllowUnsafeBlocks_StandsOnlyInKernels() =>
        Assert.Equal(Allowed.Order(), Project.All.Where(p => p.AllowsUnsafe).Select(p => p.ShortName).Order());

    [Fact]
    public void BuildFiles_DoNotAllowUnsafeForAll() =>
        Assert.All(Repository.Files(".props", ".targets"), path => Assert.DoesNotContain("AllowUnsafeBlocks", Repository.Read(path)));

    [Fact]
    public void Sources_OutsideKernels_UseNoUncheckedMemory()
    {
        var offenders = from path in Repository.Files(".cs")
                        where path.StartsWith("src/", StringComparison.Ordinal) && !path.StartsWith("src/ServingStack.Kernels/", StringComparison.Ordinal)
                        let match = UncheckedMemory().Match(Repository.Read(path))
                        where match.Success
                        select $"{path}: {match.Value}";
        Assert.Empty(offenders);
    }

    /// <summary>What the compiler lets through without AllowUnsafeBlocks and is unsafe all the same.</summary>
    [GeneratedRegex(@"\bUnsafe\.(As|Add|AddByteOffset|AsRef|AsPointer|Read|Write|ReadUnaligned|WriteUnaligned|CopyBlock|InitBlock|SkipInit)\b|MemoryMarshal\.(CreateSpan|CreateReadOnlySpan|GetReference|GetArrayDataReference)\b|\[(DllImport|LibraryImport)\(")]
    private static partial Regex UncheckedMemory();
}
