using System.Globalization;
using System.Text.Json.Nodes;
using ServingStack.Engine;
using ServingStack.Graphs;
using ServingStack.Tests.Shared;

namespace ServingStack.Cli.Tests;

/// <summary>The requests that the README sends: they are what this code draws, and the sample models answer them as the README
/// says.</summary>
public sealed class ExampleRequestTests
{
    private const string Wanted = """{"name":"probabilities","parameters":{"classification":3}}""";

    [Fact]
    public void TrouserFile_IsTheDrawing()
    {
        var pixels = string.Join(",", Drawing.Trouser().Select(p => p.ToString(CultureInfo.InvariantCulture)));
        var expected = $$"""{"inputs":[{"name":"image","shape":[1,1,28,28],"datatype":"FP32","data":[{{pixels}}]}],"outputs":[{{Wanted}}]}""" + "\n";

        Assert.Equal(expected, File.ReadAllText(Example("trouser.json")));
    }

    [Theory]
    [InlineData("fashion_resnet")]
    [InlineData("fashion_resnet_int8")]
    public void Trouser_OnTheSampleModel_IsATrouserForSure(string name)
    {
        using var model = Sample(name);

        var probabilities = Run(model, "trouser.json").As<float>().ToArray();

        var labels = model.Metadata["labels"].Split(',');
        Assert.Equal("Trouser", labels[Array.IndexOf(probabilities, probabilities.Max())]);
        Assert.InRange(probabilities.Max(), 0.9f, 1f);
    }

    [Fact]
    public void Trouser_OnTheServedModel_IsAnsweredAsTheReadmeSays()
    {
        using var model = Sample("fashion_resnet_int8");
        var (labels, probabilities) = (model.Metadata["labels"].Split(','), Run(model, "trouser.json").As<float>().ToArray());

        var answer = File.ReadLines(Path.Combine(TestData.RepositoryRoot, "README.md")).Single(l => l.StartsWith("{\"model_name\"", StringComparison.Ordinal));
        var rows = JsonNode.Parse(answer)!["outputs"]![0]!["data"]!.AsArray().Select(text => text!.GetValue<string>().Split(':')).ToArray();

        Assert.Equal(probabilities.OrderDescending().Take(3).Select(p => labels[Array.IndexOf(probabilities, p)]), rows.Select(r => r[2]));
        Assert.All(rows, r => Assert.Equal(
            float.Parse(r[0], CultureInfo.InvariantCulture), probabilities[int.Parse(r[1], CultureInfo.InvariantCulture)], 1e-4f));
    }

    [Theory]
    [InlineData("adult_recommender")]
    [InlineData("adult_recommender_int8")]
    public void Adult_OnTheSampleModel_TellsTheTwoPersonsApart(string name)
    {
        using var model = Sample(name);

        var probabilities = Run(model, "adult.json").As<float>().ToArray();

        Assert.Equal(2, probabilities.Length);
        Assert.InRange(probabilities[0], 0.8f, 1f);
        Assert.InRange(probabilities[1], 0f, 0.1f);
    }

    [Theory]
    [InlineData("fashion_resnet")]
    [InlineData("fashion_resnet_int8")]
    [InlineData("adult_recommender")]
    [InlineData("adult_recommender_int8")]
    public void SampleModel_OnTheEngine_RunsOnOurKernelsAndSaysHowItWasMade(string name)
    {
        using var model = Sample(name);
        using var session = model.CreateSession();

        Assert.Equal(CompiledModel.KernelsPlatform, model.Platform);
        Assert.True(model.SupportsBatching);
        Assert.Equal(0, session.PlanForBatch(3).FallbackSteps);
        Assert.All(["producer", "data", "accuracy", "command"], key => Assert.Contains(key, model.Metadata.Keys));
        Assert.InRange(new FileInfo(PathOf(name)).Length, 1, 2_000_000);
    }

    private static CompiledModel Sample(string name) => CompiledModel.Load(PathOf(name), new EngineOptions());

    private static string PathOf(string name) => Path.Combine(TestData.RepositoryRoot, "deploy", "models", name, "1", "model.onnx");

    private static string Example(string name) => Path.Combine(TestData.RepositoryRoot, "docs", "examples", name);

    private static Tensor Run(CompiledModel model, string example)
    {
        var inputs = JsonNode.Parse(File.ReadAllText(Example(example)))!["inputs"]!.AsArray();
        using var session = model.CreateSession();
        return session.Run([.. model.Inputs.Select(spec =>
            Read(inputs.Single(i => i!["name"]!.GetValue<string>() == spec.Name)!, spec.ElementType))])[0];
    }

    private static Tensor Read(JsonNode input, ElementType type)
    {
        var (shape, data) = (Numbers<long>(input["shape"]!), input["data"]!);
        return type == ElementType.Int64 ? Tensor.From<long>(Numbers<long>(data), shape) : Tensor.From<float>(Numbers<float>(data), shape);
    }

    private static T[] Numbers<T>(JsonNode array) => [.. array.AsArray().Select(n => n!.GetValue<T>())];
}
