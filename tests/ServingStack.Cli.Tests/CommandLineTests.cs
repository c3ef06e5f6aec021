using ServingStack.Tests.Shared;

namespace ServingStack.Cli.Tests;

// One terminal: it shows one progress bar at a time.
[Collection("command line")]
public sealed class CommandLineTests : IDisposable
{
    private static readonly string Int8 =
        Path.Combine(TestData.RepositoryRoot, "deploy", "models", "fashion_resnet_int8", "1", "model.onnx");

    private readonly string _folder = Directory.CreateTempSubdirectory("servingstack-").FullName;

    [Theory]
    [InlineData("--help", "servingstack train fashion-resnet")]
    [InlineData("train --help", "adult-recommender")]
    [InlineData("quantize --help", "--calibration")]
    [InlineData("compress --help", "--budget latency=1.5x")]
    [InlineData("tune --help", "--teacher large.onnx")]
    [InlineData("curve --help", "--output curve.svg")]
    [InlineData("evaluate --help", "--prepare caffe")]
    [InlineData("plan --help", "--batch 8")]
    [InlineData("kernels --help", "explain 64x1024x1024")]
    [InlineData("inspect --help", "inspect deploy/models")]
    [InlineData("zoo --help", "zoo build resnet50")]
    public void Help_TeachesByExample(string arguments, string expected)
    {
        var (code, output, _) = Run(arguments.Split(' '));

        Assert.Equal(0, code);
        Assert.Contains(expected, output, StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_SampleModel_ListsStepsAndFallbacks()
    {
        var (code, output, _) = Run("plan", Int8, "--batch", "2");

        Assert.Equal(0, code);
        Assert.Contains("QConv", output, StringComparison.Ordinal);
        Assert.Contains("[2, 1, 28, 28]", output, StringComparison.Ordinal);
        Assert.Contains(" 0 on ONNX Runtime", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Inspect_SampleModel_PrintsMetadataAndNodes()
    {
        var (code, output, _) = Run("inspect", Int8);

        Assert.Equal(0, code);
        Assert.Contains("QuantizeLinear", output, StringComparison.Ordinal);
        Assert.Contains("Ankle boot", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Zoo_Build_WritesAModelThatOthersRead()
    {
        var path = Path.Combine(_folder, "shufflenet.onnx");

        var (code, output, _) = Run("zoo", "build", "shufflenet", "--output", path);

        Assert.Equal(0, code);
        Assert.Contains(path, output, StringComparison.Ordinal);
        Assert.Contains("logits", Run("inspect", path).Output, StringComparison.Ordinal);
        Assert.Contains("shufflenet", Run("zoo", "list").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Kernels_List_NamesEveryRow()
    {
        var (code, output, _) = Run("kernels", "list");

        Assert.Equal(0, code);
        Assert.All(Kernels.KernelTable.Rows, row => Assert.Contains(row.Name, output, StringComparison.Ordinal));
    }

    [Fact]
    public void Kernels_ExplainHeldToPortable_SaysWhyBetterOnesWereRefused()
    {
        var (code, output, _) = Run("kernels", "explain", "64x1024x1024", "--precision", "int8", "--isa", "Portable");

        Assert.Equal(0, code);
        Assert.Contains("held to Portable", output, StringComparison.Ordinal);
        Assert.Contains("chosen   gemm_managed", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("int8", "gemm_reference")]
    [InlineData("fp32", "gemm_reference")]
    [InlineData("fp16-weights", "gemm_reference")]
    [InlineData("bf16-weights", "gemm_reference")]
    [InlineData("int4-weights", "lowbit_reference")]
    public void Kernels_Bench_TimesEveryRowAndMarksTheChosenOne(string precision, string last)
    {
        var (code, output, _) = Run("kernels", "bench", "2x16x32", "--precision", precision);

        Assert.Equal(0, code);
        var rows = output.Split('\n').Where(line => line.Contains(" GOPS", StringComparison.Ordinal)).ToArray();
        Assert.Contains(last, rows[^1], StringComparison.Ordinal);
        Assert.Single(rows, row => row.StartsWith('*'));
    }

    [TorchFact]
    public void Train_WithoutData_TakesTheClickLogAndJudgesTheModel()
    {
        var (trained, report, _) = Run("train", "adult-recommender", "--output", _folder, "--epochs", "1", "--seed", "3");

        Assert.Equal(0, trained);
        Assert.Contains("AUC 0.", report, StringComparison.Ordinal);
        var path = Path.Combine(_folder, "adult_recommender", "1", "model.onnx");
        var graph = Graphs.Onnx.OnnxReader.Load(path);
        Assert.Equal("synthetic click log", graph.Metadata["data"]);
        Assert.Contains("--seed 3 --epochs 1", graph.Metadata["command"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nowhere.onnx", "plan nowhere.onnx")]
    [InlineData("names no data; expected one of fashion-mnist:DIR", "evaluate MODEL --data mnist:/tmp")]
    [InlineData("--batch is 0, expected 1 or more", "plan MODEL --batch 0")]
    [InlineData("is no shape; expected MxNxK", "kernels explain 3x4")]
    [InlineData("'int2' is no precision; expected one of int8, fp32", "kernels bench 3x4x5 --precision int2")]
    [InlineData("t10k-images-idx3-ubyte.gz", "evaluate MODEL --data fashion-mnist:/nowhere")]
    [InlineData("needs --data DIR", "train fashion-resnet")]
    [InlineData("imagenet:/nowhere' cannot be trained on", "tune MODEL --data imagenet:/nowhere --output /dev/null")]
    [InlineData("--epochs is -1, expected 0 or more", "tune MODEL --data adult:/nowhere --output /dev/null --epochs -1")]
    [InlineData("is no report of 'servingstack compress'", "curve MODEL --output /dev/null")]
    [InlineData("--keep names 'nothing'", "quantize MODEL --calibration adult:/nowhere --output /dev/null --keep nothing")]
    [InlineData("Codes of 9 bits; 2 to 8", "quantize MODEL --calibration adult:/nowhere --output /dev/null --method value-aware --bits 9")]
    [InlineData("is 6 %; 0 to 5 %", "quantize MODEL --calibration adult:/nowhere --output /dev/null --method value-aware --large 6%")]
    [InlineData("--large is 'few', expected a share", "quantize MODEL --calibration adult:/nowhere --output /dev/null --large few")]
    [InlineData("--tables is 5, expected 4 or 8", "quantize MODEL --calibration adult:/nowhere --output /dev/null --tables 5")]
    public void Run_WhatCannotBeMeant_IsOneLineAndExitCode1(string expected, string arguments)
    {
        var (code, _, error) = Run(arguments.Replace("MODEL", Int8, StringComparison.Ordinal).Split(' '));

        Assert.Equal(1, code);
        Assert.Single(error.Trim().Split('\n'));
        Assert.StartsWith("error: ", error, StringComparison.Ordinal);
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_UnknownOption_IsExitCode1() => Assert.Equal(1, Run("plan", Int8, "--bacth", "2").Code);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static (int Code, string Output, string Error) Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        return (CommandLine.Run(arguments, output, error), output.ToString(), error.ToString());
    }
}
