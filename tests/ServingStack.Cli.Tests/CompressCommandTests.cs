using ServingStack.Graphs.Onnx;
using ServingStack.Tests.Shared;
using ServingStack.Training.Reports;

namespace ServingStack.Cli.Tests;

[Collection("command line")]
public sealed class CompressCommandTests : IDisposable
{
    private static readonly string Model = Path.Combine(TestData.RepositoryRoot, "deploy", "models", "fashion_resnet", "1", "model.onnx");

    private readonly string _folder = Directory.CreateTempSubdirectory("servingstack-").FullName;

    [Fact]
    public void Compress_Twice_WritesTheNextVersionWithReportAndLineage()
    {
        var (first, text, _) = Run("--ranks", "energy=0.7");
        var (second, json, _) = Run("--budget", "flops=2x", "--json");

        Assert.Equal((0, 0), (first, second));
        Assert.Contains("| flops of layers, one row |", text, StringComparison.Ordinal);
        Assert.Equal(["1", "2"], Directory.GetDirectories(Path.Combine(_folder, "small")).Select(Path.GetFileName).Order());
        var report = JsonReport.Read(json);
        Assert.True(report.Totals.FlopsBefore >= 2 * report.Totals.FlopsAfter);
        foreach (var file in (string[])["report.md", "report.html", "report.json"])
            Assert.True(new FileInfo(Path.Combine(_folder, "small", "2", file)).Length > 1000, file);
        var metadata = OnnxReader.Load(Path.Combine(_folder, "small", "2", "model.onnx")).Metadata;
        Assert.Equal(report.SourceHash, metadata["lineage.source_sha256"]);
        Assert.Contains("budget of flops / 2", metadata["lineage.method"], StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder, ".*"));
    }

    [Theory]
    [InlineData("'flops=2' is no budget; expected one of accuracy=0.5", "--budget", "flops=2")]
    [InlineData("the best reachable is 1/", "--budget", "flops=5000x")]
    [InlineData("--ranks is 'magic', expected one of vbmf, ratio, energy", "--ranks", "magic")]
    [InlineData("--ranks is 'ratio=half': 'half' is no number", "--ranks", "ratio=half")]
    [InlineData("The share of ranks is 2", "--ranks", "ratio=2")]
    [InlineData("--layer is 'stem', expected NAME=R3,R4 or NAME=R", "--layer", "stem")]
    [InlineData("'stem.relu' is Relu, which cannot be decomposed", "--layer", "stem.relu=2,2")]
    [InlineData("Rank 99 for the outputs of layer 'stem' is out of range", "--layer", "stem=99")]
    [InlineData("'nobody' is no node", "--keep", "nobody")]
    [InlineData("A budget of accuracy needs --data", "--budget", "accuracy=1")]
    [InlineData("cannot be trained on; expected one of fashion-mnist:DIR", "--data", "imagenet:/nowhere")]
    public void Compress_WhatCannotBeMeant_LeavesTheRepositoryEmpty(string expected, params string[] arguments)
    {
        var (code, _, error) = Run(arguments);

        Assert.Equal(1, code);
        Assert.Single(error.Trim().Split('\n'));
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void Compress_VersionThatExists_IsRefusedAndKept()
    {
        var path = Path.Combine(_folder, "small", "3");
        Directory.CreateDirectory(path);

        var (code, _, error) = Run("--model-version", "3");

        Assert.Equal(1, code);
        Assert.Contains("name another --model-version", error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(path));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private (int Code, string Output, string Error) Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = CommandLine.Run(["compress", Model, "--repository", _folder, "--name", "small", .. arguments], output, error);
        return (code, output.ToString(), error.ToString());
    }
}
