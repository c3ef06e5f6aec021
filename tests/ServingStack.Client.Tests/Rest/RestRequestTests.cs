using System.Net;
using System.Text;
using System.Text.Json;
using ServingStack.Client.Rest;
using ServingStack.Client.Tests.Support;

namespace ServingStack.Client.Tests.Rest;

/// <summary>What goes out over REST.</summary>
public class RestRequestTests
{
    private const string Empty = """{"model_name":"m","outputs":[]}""";

    private static readonly InferRequest Request = new()
    {
        Model = "m",
        Id = "7",
        Timeout = TimeSpan.FromMilliseconds(2.5),
        Inputs = [InferTensor.From("a", new[] { 1.5f, -2f }, 1, 2), InferTensor.From("b", new[] { 3L }, 1)],
        Outputs = ["y"],
    };

    [Fact]
    public async Task Infer_Json_SendsNumbersAndTheTimeoutInMicroseconds()
    {
        var server = FakeServer.Answering(HttpStatusCode.OK, Empty);
        using var client = new RestInferenceClient(new("http://server"), TensorEncoding.Json, server);

        await client.InferAsync(Request);

        Assert.Equal("/v2/models/m/infer", server.Path);
        Assert.Equal(
            """{"id":"7","parameters":{"timeout":2500},"inputs":[{"name":"a","shape":[1,2],"datatype":"FP32","data":[1.5,-2]},"""
            + """{"name":"b","shape":[1],"datatype":"INT64","data":[3]}],"outputs":[{"name":"y"}]}""",
            Encoding.UTF8.GetString(server.Body));
    }

    [Fact]
    public async Task Infer_Binary_PutsTensorsBehindTheAnnouncedJson()
    {
        var server = FakeServer.Answering(HttpStatusCode.OK, Empty);
        using var client = new RestInferenceClient(new("http://server"), handler: server);

        await client.InferAsync(Request);

        var announced = int.Parse(server.Request!.Content!.Headers.GetValues("Inference-Header-Content-Length").Single());
        using var json = JsonDocument.Parse(server.Body.AsMemory(0, announced));
        Assert.True(json.RootElement.GetProperty("parameters").GetProperty("binary_data_output").GetBoolean());
        Assert.Equal([8, 8], json.RootElement.GetProperty("inputs").EnumerateArray()
            .Select(i => i.GetProperty("parameters").GetProperty("binary_data_size").GetInt32()));
        Assert.Equal([.. Request.Inputs[0].Bytes.ToArray(), .. Request.Inputs[1].Bytes.ToArray()], server.Body[announced..]);
    }

    [Theory]
    [InlineData(null, "/v2/models/a%20b/infer")]
    [InlineData("3", "/v2/models/a%20b/versions/3/infer")]
    public async Task Infer_ModelAndVersion_AreInThePath(string? version, string path)
    {
        var server = FakeServer.Answering(HttpStatusCode.OK, Empty);
        using var client = new RestInferenceClient(new("http://server"), handler: server);

        await client.InferAsync(Request with { Model = "a b", Version = version });

        Assert.Equal(path, server.Path);
    }

    [Fact]
    public async Task Infer_AddressWithAPath_IsKept()
    {
        var server = FakeServer.Answering(HttpStatusCode.OK, Empty);
        using var client = new RestInferenceClient(new("http://server/inference"), handler: server);

        await client.InferAsync(Request);

        Assert.Equal("/inference/v2/models/m/infer", server.Path);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public async Task Infer_JsonWithoutAnEquivalent_ThrowsWithTheRemedy(float value)
    {
        using var client = new RestInferenceClient(new("http://server"), TensorEncoding.Json, FakeServer.Silent());

        var error = await Assert.ThrowsAsync<NotSupportedException>(
            () => client.InferAsync(new() { Model = "m", Inputs = [InferTensor.From("x", new[] { value }, 1)] }));

        Assert.Contains("TensorEncoding.Binary", error.Message);
    }

    [Fact]
    public void RequestFile_AsForCurl_GivesTheTensors()
    {
        var json = """{"id":"a","inputs":[{"name":"x","shape":[1,2],"datatype":"INT64","data":[[4,5]]}],"outputs":[{"name":"y"}]}"""u8;

        var request = RestRequestFile.Read(json.ToArray(), "m", "2");

        Assert.Equal(("m", "2", "a"), (request.Model, request.Version, request.Id));
        Assert.Equal([4L, 5], request.Inputs.Single().As<long>().ToArray());
        Assert.Equal(["y"], request.Outputs);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"inputs":[{"name":"x","shape":[2],"datatype":"FP32","data":[1]}]}""")]
    [InlineData("""{"inputs":[{"name":"x","shape":[1],"datatype":"FP33","data":[1]}]}""")]
    [InlineData("""{"inputs":[{"name":"x","shape":[1],"datatype":"INT8","data":[1000]}]}""")]
    public void RequestFile_ThatIsNoRequest_ThrowsOneKindOfError(string json) =>
        Assert.Throws<FormatException>(() => RestRequestFile.Read(Encoding.UTF8.GetBytes(json), "m"));
}
