using System.Text.RegularExpressions;

namespace ServingStack.Architecture;

/// <summary>What a stranger reads is there, leads somewhere, and names the commands that are really run.</summary>
public partial class DocumentationTests
{
    [Theory]
    [InlineData("README.md")]
    [InlineData("CONTRIBUTING.md")]
    [InlineData("LICENSE")]
    [InlineData("Dockerfile")]
    [InlineData("docs/architecture.md")]
    public void Document_Exists(string path) => Assert.True(new FileInfo(Repository.PathOf(path)) is { Exists: true, Length: > 200 }, path);

    [Fact]
    public void Link_LeadsToAFile()
    {
        var broken = from path in Repository.Files(".md")
                     from Match link in Link().Matches(Repository.Read(path))
                     let target = link.Groups[1].Value
                     where !target.Contains("://", StringComparison.Ordinal) && !target.StartsWith('#')
                     let file = Path.Combine(Path.GetDirectoryName(Repository.PathOf(path))!, target.Split('#')[0])
                     where !Path.Exists(file)
                     select $"{path}: {target}";
        Assert.Empty(broken);
    }

    [Fact]
    public void Readme_TestCommand_IsWhatTheChecksRun()
    {
        Assert.Matches(@"(?m)^dotnet test$", Repository.Read("README.md"));
        Assert.Matches(@"(?m)^\s*step test dotnet test\b", Repository.Read(".ci", "run"));
    }

    [Fact]
    public void Readme_ServeCommand_NamesAProjectThatIsThere()
    {
        var command = ServeCommand().Match(Repository.Read("README.md"));
        Assert.True(command.Success, "README.md has no 'dotnet run -c Release --project ...' line");
        Assert.True(Directory.Exists(Repository.PathOf(command.Groups[1].Value)), command.Value);
    }

    [Fact]
    public void Readme_OpensWithOneSentence()
    {
        var lines = Repository.Read("README.md").Split('\n').Where(l => l.Trim().Length > 0).Take(2).ToArray();
        Assert.StartsWith("# ServingStack", lines[0]);
        Assert.EndsWith(".", lines[1].TrimEnd());
    }

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"(?m)^dotnet run -c Release --project (\S+)")]
    private static partial Regex ServeCommand();
}
