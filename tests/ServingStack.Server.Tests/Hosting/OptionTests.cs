using Microsoft.Extensions.Configuration;
using ServingStack.Server.Hosting;
using ServingStack.Server.Options;

namespace ServingStack.Server.Tests.Hosting;

public sealed class OptionTests
{
    [Theory]
    [InlineData("--http-prot", "8000", "no option --http-prot")]
    [InlineData("--http-port", "abc", "abc")]
    [InlineData("--http-port", "70000", "--http-port is 70000")]
    [InlineData("--http-port", "8001", "two different ports")]
    [InlineData("--address", "localhost", "--address is 'localhost'")]
    [InlineData("--model-repository", "/nowhere/at/all", "no such folder")]
    [InlineData("--max-request-bytes", "1", "--max-request-bytes is 1")]
    public void TryBuild_WrongOption_SaysWhatIsAllowed(string name, string value, string expected)
    {
        Assert.Null(ServerApplication.TryBuild([name, value], out var faults));
        Assert.Contains(faults, f => f.Contains(expected, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("models")]
    [InlineData("--http-port")]
    public void TryBuild_IncompleteCommandLine_PointsToHelp(string argument)
    {
        Assert.Null(ServerApplication.TryBuild([argument], out var faults));
        Assert.Contains("--help", Assert.Single(faults), StringComparison.Ordinal);
    }

    [Fact]
    public void Help_EveryOption_IsListedAndHasAProperty()
    {
        foreach (var (name, key) in OptionTable.Mappings)
        {
            Assert.Contains(name, OptionTable.Help, StringComparison.Ordinal);
            Assert.NotNull(typeof(ServerOptions).GetProperty(key.Split(':')[1]));
        }
        Assert.Equal(OptionTable.Mappings.Count, typeof(ServerOptions).GetProperties().Count(p => p.CanWrite));
    }

    [Fact]
    public void TryRead_NoRepositoryGiven_FindsTheOneAboveTheFolder()
    {
        var root = Directory.CreateTempSubdirectory();
        var models = Directory.CreateDirectory(Path.Combine(root.FullName, "deploy", "models"));
        var deep = Directory.CreateDirectory(Path.Combine(root.FullName, "a", "b"));
        Assert.True(OptionTable.TryRead(new ConfigurationBuilder().Build(), out var options, out _, deep.FullName));
        Assert.Equal(models.FullName, options.ModelRepository);
        root.Delete(recursive: true);
    }
}
