namespace ServingStack.Architecture;

/// <summary>What stands at the top, and that every room has its tests.</summary>
public class LayoutTests
{
    private static readonly string[] TopLevel =
    [
        ".ci", ".dockerignore", ".editorconfig", ".gitattributes", ".gitignore", "CONTRIBUTING.md", "Directory.Build.props", "Directory.Build.targets",
        "Directory.Packages.props", "Directory.Solution.props", "Dockerfile", "LICENSE", "README.md", "ServingStack.sln", "deploy", "docs", "global.json",
        "loadtest", "protos", "src", "tests",
    ];

    private static readonly string[] TestsOfTheWhole = ["Architecture", "Conformance", "EndToEnd", "Benchmarks"];

    [Fact]
    public void TopLevel_HoldsTheHouseAndTheBuildFilesOnly() => Assert.Empty(Repository.TopLevelNames().Except(TopLevel));

    [Fact]
    public void Project_HasATestProjectOfItsName()
    {
        var tested = Project.All.Where(p => p.Path.StartsWith("tests/", StringComparison.Ordinal)).Select(p => p.ShortName).ToHashSet();
        Assert.All(Project.Sources, p => Assert.Contains(p.ShortName + ".Tests", tested));
        Assert.All(TestsOfTheWhole, name => Assert.Contains(name, tested));
    }

    [Fact]
    public void Project_IsInTheSolution()
    {
        var solution = Repository.Read("ServingStack.sln").Replace('\\', '/');
        Assert.All(Project.All, p => Assert.Contains($"\"{p.Path}\"", solution));
    }

    [Fact]
    public void Project_TakesPackageVersionsFromTheCentralFile() =>
        Assert.All(Project.All, p => Assert.DoesNotMatch("<PackageReference[^>]*Version=", Repository.Read(p.Path)));
}
