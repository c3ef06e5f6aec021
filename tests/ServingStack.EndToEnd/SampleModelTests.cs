using ServingStack.Client;
using ServingStack.EndToEnd.Support;

namespace ServingStack.EndToEnd;

/// <summary>The sample models, asked in every way that there is, answer as ONNX Runtime does on the same files.</summary>
[Collection(SampleServerCollection.Name)]
public sealed class SampleModelTests(SampleServer server)
{
    private static readonly string[] Ways = ["json", "binary", "grpc"];

    public static TheoryData<string> Models => [.. SampleModels.Names];

    public static IEnumerable<object[]> ModelsAndWays => SampleModels.Names.SelectMany(_ => Ways, (model, way) => new object[] { model, way });

    [Theory]
    [InlineData("json")]
    [InlineData("grpc")]
    public async Task Server_Started_IsLiveReadyAndSaysWhatItIs(string way)
    {
        using var client = server.Process.Client(way);
        Assert.True(await client.IsLiveAsync());
        Assert.True(await client.IsReadyAsync());
        var about = await client.GetServerMetadataAsync();
        Assert.Equal("servingstack", about.Name);
        Assert.Contains("binary_tensor_data", about.Extensions);
    }

    [Theory, MemberData(nameof(Models))]
    public async Task Metadata_SampleModel_IsTheSameOverRestAndGrpc(string model)
    {
        using var rest = server.Process.Client("json");
        using var grpc = server.Process.Client("grpc");
        Assert.True(await rest.IsModelReadyAsync(model));
        var (fromRest, fromGrpc) = (await rest.GetModelMetadataAsync(model), await grpc.GetModelMetadataAsync(model));
        Assert.Equal("servingstack", fromRest.Platform);
        Assert.Equal(["1"], fromRest.Versions);
        Assert.All(fromRest.Inputs.Concat(fromRest.Outputs), tensor => Assert.Equal(-1, tensor.Shape[0]));
        Assert.Equal(Describe(fromRest), Describe(fromGrpc));
    }

    [Theory, MemberData(nameof(ModelsAndWays))]
    public async Task Infer_SampleModel_AnswersAsOnnxRuntime(string model, string way)
    {
        using var client = server.Process.Client(way);
        var inputs = SampleModels.Inputs(await client.GetModelMetadataAsync(model), rows: 8);
        var answer = (await client.InferAsync(new InferRequest { Model = model, Inputs = inputs })).Outputs[0].As<float>().ToArray();
        var expected = SampleModels.OnnxRuntime(model, inputs);
        Assert.Equal(expected.Length, answer.Length);
        var worst = expected.Zip(answer, (e, a) => Math.Abs(e - a)).Max();
        Assert.True(worst <= Tolerance(model), $"{model} over {way}, seed {SampleModels.Seed}: {worst} away from ONNX Runtime");
    }

    [Fact]
    public async Task Metrics_SampleModels_RunOnOurKernelsOnly()
    {
        var lines = (await server.Process.Http.GetStringAsync("/metrics")).Split('\n');
        var fallbacks = lines.Where(l => l.StartsWith("servingstack_fallback_operators{", StringComparison.Ordinal)).ToArray();
        Assert.Equal(SampleModels.Names.Count(), fallbacks.Length);
        Assert.All(fallbacks, line => Assert.Equal("0", line[(line.LastIndexOf('}') + 1)..].Trim().Split(' ')[0]));
    }

    private static string Describe(ModelMetadata model) => string.Join("; ",
        [model.Name, .. model.Versions, model.Platform, .. model.Inputs.Concat(model.Outputs).Select(t => $"{t.Name} {t.Datatype} {string.Join(",", t.Shape)}"),
            .. model.Properties.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}={p.Value}")]);

    /// <summary>
    /// Of a probability. int8: a residual sum is rounded once here and twice in ONNX Runtime, which moves values by one step, and later
    /// layers carry that on.
    /// </summary>
    private static float Tolerance(string model) => model.EndsWith("_int8", StringComparison.Ordinal) ? 0.05f : 1e-5f;
}
