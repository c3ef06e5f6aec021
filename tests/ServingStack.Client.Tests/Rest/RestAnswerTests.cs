using System.Net;
using System.Text;
using ServingStack.Client.Rest;
using ServingStack.Client.Tests.Support;

namespace ServingStack.Client.Tests.Rest;

/// <summary>What comes back over REST.</summary>
public class RestAnswerTests
{
    private static readonly InferRequest Request = new() { Model = "m", Inputs = [InferTensor.From("x", new[] { 1f }, 1)] };

    [Fact]
    public async Task Infer_JsonAnswer_IsRead()
    {
        var answer = await AskAsync(FakeServer.Answering(HttpStatusCode.OK, """
            {"model_name":"m","model_version":"3","id":"7","outputs":[{"name":"y","datatype":"FP32","shape":[2,1],"data":[[0.5],[2]]}]}
            """));

        Assert.Equal(("m", "3", "7"), (answer.Model, answer.Version, answer.Id));
        Assert.Equal([2L, 1], answer.Output("y").Shape);
        Assert.Equal([0.5f, 2f], answer.Output("y").As<float>().ToArray());
    }

    [Fact]
    public async Task Infer_BinaryAnswer_CutsTheTensorsInOrder()
    {
        var json = """
            {"model_name":"m","outputs":[{"name":"y","datatype":"INT16","shape":[2],"parameters":{"binary_data_size":4}},
            {"name":"z","datatype":"UINT8","shape":[1],"parameters":{"binary_data_size":1}}]}
            """;

        var answer = await AskAsync(FakeServer.Answering(Binary(json, [1, 0, 2, 0, 9])));

        Assert.Equal([(short)1, (short)2], answer.Output("y").As<short>().ToArray());
        Assert.Equal([(byte)9], answer.Output("z").As<byte>().ToArray());
    }

    [Theory]
    [InlineData(new byte[] { 1, 0, 2 })]
    [InlineData(new byte[] { 1, 0, 2, 0, 3 })]
    public async Task Infer_BinaryAnswerOfAnotherLength_IsMalformed(byte[] tensor)
    {
        var json = """{"model_name":"m","outputs":[{"name":"y","datatype":"INT16","shape":[2],"parameters":{"binary_data_size":4}}]}""";

        Assert.Equal(InferenceFailure.MalformedAnswer, (await FailAsync(FakeServer.Answering(Binary(json, tensor)))).Failure);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>")]
    [InlineData("[]")]
    [InlineData("""{"model_name":"m"}""")]
    [InlineData("""{"model_name":"m","outputs":[{"name":"y","datatype":"FP32","shape":[2],"data":[1]}]}""")]
    [InlineData("""{"model_name":"m","outputs":[{"name":"y","datatype":"FP32","shape":[1],"data":["a"]}]}""")]
    public async Task Infer_AnswerOutsideTheProtocol_IsMalformed(string body) =>
        Assert.Equal(InferenceFailure.MalformedAnswer, (await FailAsync(FakeServer.Answering(HttpStatusCode.OK, body))).Failure);

    [Theory]
    [InlineData(HttpStatusCode.BadRequest, InferenceFailure.InvalidArgument)]
    [InlineData(HttpStatusCode.NotFound, InferenceFailure.NotFound)]
    [InlineData(HttpStatusCode.RequestEntityTooLarge, InferenceFailure.ResourceExhausted)]
    [InlineData(HttpStatusCode.InternalServerError, InferenceFailure.Internal)]
    [InlineData(HttpStatusCode.ServiceUnavailable, InferenceFailure.Unavailable)]
    [InlineData(HttpStatusCode.GatewayTimeout, InferenceFailure.DeadlineExceeded)]
    [InlineData(HttpStatusCode.Conflict, InferenceFailure.Unknown)]
    public async Task Infer_ErrorStatus_CarriesItAndTheServersWords(HttpStatusCode status, InferenceFailure failure)
    {
        var error = await FailAsync(FakeServer.Answering(status, """{"error":"input 'x' is wrong"}"""));

        Assert.Equal(failure, error.Failure);
        Assert.Equal("input 'x' is wrong", error.Error);
        Assert.Equal($"HTTP {(int)status}: input 'x' is wrong", error.Message);
    }

    [Fact]
    public async Task Infer_QueueFull_SaysWhenToComeBack()
    {
        var server = new FakeServer((_, _) =>
        {
            var full = new HttpResponseMessage(HttpStatusCode.TooManyRequests) { Content = new StringContent("""{"error":"full"}""") };
            full.Headers.RetryAfter = new(TimeSpan.FromSeconds(2));
            return Task.FromResult(full);
        });

        var error = await FailAsync(server);

        Assert.Equal(InferenceFailure.ResourceExhausted, error.Failure);
        Assert.Equal(TimeSpan.FromSeconds(2), error.RetryAfter);
    }

    [Fact]
    public async Task Infer_ProxysPage_IsQuoted() =>
        Assert.Equal("Bad gateway", (await FailAsync(FakeServer.Answering(HttpStatusCode.BadGateway, "Bad gateway"))).Error);

    [Fact]
    public async Task Infer_NobodyListens_IsUnreachable()
    {
        var error = await FailAsync(new FakeServer((_, _) => throw new HttpRequestException("refused")));

        Assert.Equal(InferenceFailure.Unreachable, error.Failure);
        Assert.Contains("http://server/", error.Message);
    }

    [Fact]
    public async Task Infer_NoAnswerInTime_IsDeadlineExceeded()
    {
        using var client = new RestInferenceClient(new("http://server"), handler: FakeServer.Silent());

        var error = await Assert.ThrowsAsync<InferenceException>(
            () => client.InferAsync(Request with { Timeout = TimeSpan.FromMilliseconds(1) }));

        Assert.Equal(InferenceFailure.DeadlineExceeded, error.Failure);
    }

    [Fact]
    public async Task Infer_CallerGivesUp_IsCancelledAndNoFailure()
    {
        using var client = new RestInferenceClient(new("http://server"), handler: FakeServer.Silent());
        using var caller = new CancellationTokenSource();
        var call = client.InferAsync(Request with { Timeout = TimeSpan.FromMinutes(1) }, caller.Token);

        await caller.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
    }

    [Fact]
    public async Task Infer_TimeoutOfNothing_IsTheCallersMistake()
    {
        using var client = new RestInferenceClient(new("http://server"), handler: FakeServer.Silent());

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => client.InferAsync(Request with { Timeout = TimeSpan.Zero }));
    }

    [Theory]
    [InlineData(HttpStatusCode.OK, true)]
    [InlineData(HttpStatusCode.ServiceUnavailable, false)]
    public async Task Health_IsTheStatus(HttpStatusCode status, bool expected)
    {
        var server = FakeServer.Answering(status, "");
        using var client = new RestInferenceClient(new("http://server"), handler: server);

        Assert.Equal(expected, await client.IsLiveAsync());
        Assert.Equal("/v2/health/live", server.Path);
        Assert.Equal(expected, await client.IsReadyAsync());
        Assert.Equal("/v2/health/ready", server.Path);
        Assert.Equal(expected, await client.IsModelReadyAsync("m", "1"));
        Assert.Equal("/v2/models/m/versions/1/ready", server.Path);
    }

    [Fact]
    public async Task Metadata_OfServerAndModel_IsRead()
    {
        using var server = new RestInferenceClient(new("http://server"), handler: FakeServer.Answering(HttpStatusCode.OK,
            """{"name":"s","version":"1","extensions":["binary_tensor_data"]}"""));
        using var model = new RestInferenceClient(new("http://server"), handler: FakeServer.Answering(HttpStatusCode.OK, """
            {"name":"m","versions":["1","2"],"platform":"p","inputs":[{"name":"x","datatype":"FP32","shape":[-1,3]}],
             "outputs":[{"name":"y","datatype":"INT64","shape":[-1]}],"properties":{"labels":"a,b"}}
            """));

        Assert.Equal(["binary_tensor_data"], (await server.GetServerMetadataAsync()).Extensions);
        var metadata = await model.GetModelMetadataAsync("m");
        Assert.Equal(["1", "2"], metadata.Versions);
        Assert.Equal([-1L, 3], metadata.Inputs.Single().Shape);
        Assert.Equal("INT64", metadata.Outputs.Single().Datatype.Name);
        Assert.Equal("a,b", metadata.Properties["labels"]);
    }

    private static async Task<InferResponse> AskAsync(FakeServer server)
    {
        using var client = new RestInferenceClient(new("http://server"), handler: server);
        return await client.InferAsync(Request);
    }

    private static Task<InferenceException> FailAsync(FakeServer server) => Assert.ThrowsAsync<InferenceException>(() => AskAsync(server));

    private static ByteArrayContent Binary(string json, byte[] tensors)
    {
        var head = Encoding.UTF8.GetBytes(json);
        var content = new ByteArrayContent([.. head, .. tensors]);
        content.Headers.Add("Inference-Header-Content-Length", $"{head.Length}");
        return content;
    }
}
