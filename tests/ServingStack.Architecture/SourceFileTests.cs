using System.Text.RegularExpressions;

namespace ServingStack.Architecture;

/// <summary>One concept a file, found where its name says.</summary>
public partial class SourceFileTests
{
    private const int LineLimit = 350;

    private static readonly string[] MayNameTheDataFolder = ["tests/Shared/TestData.cs", "tests/ServingStack.Architecture/SourceFileTests.cs"];

    [Fact]
    public void File_OverTheLineLimit_SaysWhy()
    {
        var offenders = from path in Repository.Files(".cs")
                        let text = Repository.Read(path)
                        let lines = text.Count(c => c == '\n')
                        where lines > LineLimit && !ReasonForLength().IsMatch(text)
                        select $"{path}: {lines} lines; split it, or say why not in a comment that begins '// Long because'";
        Assert.Empty(offenders);
    }

    [Fact]
    public void File_HoldsNoPromiseForLater()
    {
        var offenders = from path in Repository.Files(".cs", ".proto", ".csproj", ".md", ".yml", ".props")
                        let match = Promise().Match(Repository.Read(path))
                        where match.Success
                        select $"{path}: {match.Value}";
        Assert.Empty(offenders);
    }

    [Fact]
    public void File_DoesNotNameTheSharedFolder_ExceptTheDataLookup()
    {
        var offenders = Repository.Files(".cs", ".csproj", ".props", ".targets", ".proto", ".json", ".yml", ".sh", "Dockerfile", ".ci/run")
            .Where(path => SharedFolder().IsMatch(Repository.Read(path))).Except(MayNameTheDataFolder);
        Assert.Empty(offenders);
    }

    [Fact]
    public void Namespace_IsTheFolder()
    {
        var offenders = from path in Repository.Files(".cs")
                        where path.StartsWith("src/", StringComparison.Ordinal)
                        let match = NamespaceLine().Match(Repository.Read(path))
                        where match.Success
                        let folder = Path.GetDirectoryName(path)!["src/".Length..].Replace('/', '.')
                        let name = match.Groups[1].Value
                        where folder != name && !folder.StartsWith(name + ".", StringComparison.Ordinal)
                        select $"{path}: namespace {name}";
        Assert.Empty(offenders);
    }

    [GeneratedRegex(@"^\s*// Long because \S+", RegexOptions.Multiline)]
    private static partial Regex ReasonForLength();

    [GeneratedRegex(@"\b(TO" + @"DO|FIX" + @"ME|HA" + @"CK|XX" + @"X)\b|NotImplementedEx" + "ception")]
    private static partial Regex Promise();

    [GeneratedRegex(@"\.\./shared\b|""shared"", ""data""|/work/")]
    private static partial Regex SharedFolder();

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();
}
