extern alias client;

using System.Net;
using client::ServingStack.Inference.Protocol;
using Grpc.Core;
using Grpc.Net.Client;
using ServingStack.Server.Tests.Support;
using ServingStack.Tests.Support;

namespace ServingStack.Server.Tests.Hosting;

/// <summary>What happens when more comes than can be served, and when the server stops. Each test has a server of its own.</summary>
public sealed class OverloadTests
{
    private const string Json = """{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}]}""";

    [Fact]
    public async Task Infer_FullQueue_Is429WithRetryAfterAndResourceExhausted()
    {
        await using var server = await StartAsync("""{"queue_limit": 2}""");
        using var channel = GrpcChannel.ForAddress(server.GrpcAddress);
        var waiting = new List<Task<HttpResponseMessage>>();
        using (server.Pause("gemm"))
        {
            for (var i = 0; i < 2; i++) waiting.Add(server.InferAsync("gemm", Json));
            await UntilAsync(() => server.QueueDepth("gemm") == 2);

            var refused = server.InferAsync("gemm", Json);
            Assert.Contains(
                "queue of model 'gemm' is full", await refused.ErrorAsync(HttpStatusCode.TooManyRequests), StringComparison.Ordinal);
            Assert.InRange(int.Parse((await refused).Headers.GetValues("Retry-After").Single()), 1, 3600);
            var error = await Assert.ThrowsAsync<RpcException>(async () => await Client(channel).ModelInferAsync(Request()));
            Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
            Assert.NotNull(error.Trailers.GetValue("retry-after"));
        }
        foreach (var answer in waiting) Assert.Equal(3, (await answer.FloatsAsync()).Length);
    }

    [Fact]
    public async Task Infer_DeadlineThatPassesInTheQueue_Is504AndDeadlineExceeded()
    {
        await using var server = await StartAsync("{}");
        using var channel = GrpcChannel.ForAddress(server.GrpcAddress);
        var request = Request();
        request.Parameters["timeout"] = new InferParameter { Int64Param = 1000 };
        Task<HttpResponseMessage> rest;
        AsyncUnaryCall<ModelInferResponse> grpc;
        using (server.Pause("gemm"))
        {
            rest = server.InferAsync("gemm", """{"parameters":{"timeout":1000},""" + Json[1..]);
            grpc = Client(channel).ModelInferAsync(request);
            await UntilAsync(() => server.QueueDepth("gemm") == 2);
            await Task.Delay(5);
        }
        Assert.Contains("deadline of 1 ms cannot be met", await rest.ErrorAsync(HttpStatusCode.GatewayTimeout), StringComparison.Ordinal);
        Assert.Equal(StatusCode.DeadlineExceeded, (await Assert.ThrowsAsync<RpcException>(async () => await grpc)).StatusCode);
    }

    [Fact]
    public async Task Infer_ClientsThatLeave_AreDroppedFromTheQueue()
    {
        await using var server = await StartAsync("""{"instances": 1}""");
        using var channel = GrpcChannel.ForAddress(server.GrpcAddress);
        using var leave = new CancellationTokenSource();
        using (server.Pause("gemm"))
        {
            using var content = new StringContent(Json);
            var rest = server.Http.PostAsync("/v2/models/gemm/infer", content, leave.Token);
            using var grpc = Client(channel).ModelInferAsync(Request(), cancellationToken: leave.Token);
            await UntilAsync(() => server.QueueDepth("gemm") == 2);
            await leave.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => rest);
            Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(async () => await grpc)).StatusCode);
            await Task.Delay(50);
        }
        await UntilAsync(() => server.QueueDepth("gemm") == 0);
        // Metrics are scraped at most every 300 ms.
        await UntilAsync(async () => (await server.Http.GetStringAsync("/metrics")).Split('\n')
            .Any(l => l.StartsWith("servingstack_requests_total", StringComparison.Ordinal)
                && l.Contains("outcome=\"cancelled\"", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Infer_ManyClientsAtOnce_GetTheirOwnAnswersBitForBit()
    {
        await using var server = await StartAsync("""{"instances": 2, "max_batch_size": 8}""");
        var bodies = Enumerable.Range(0, 24).Select(i =>
            $$"""{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[{{i * 0.37}},{{i}},-{{i * 1.1}},{{i % 3}}]}]}""").ToArray();
        var alone = new List<float[]>();
        foreach (var body in bodies) alone.Add(await server.InferAsync("gemm", body).FloatsAsync());
        for (var round = 0; round < 5; round++)
        {
            var together = await Task.WhenAll(bodies.Select(b => server.InferAsync("gemm", b).FloatsAsync()));
            for (var i = 0; i < bodies.Length; i++) Assert.Equal(alone[i], together[i]);
        }
    }

    [Fact]
    public async Task Drain_RunningServer_IsNotReadyAndRefusesNewWork()
    {
        await using var server = await StartAsync("{}");
        using var channel = GrpcChannel.ForAddress(server.GrpcAddress);
        server.Repository.Drain();
        using var ready = await server.Http.GetAsync("/v2/health/ready");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Equal("""{"ready":false}""", await ready.Content.ReadAsStringAsync());
        using var live = await server.Http.GetAsync("/v2/health/live");
        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        Assert.Contains(
            "stopping", await server.InferAsync("gemm", Json).ErrorAsync(HttpStatusCode.ServiceUnavailable), StringComparison.Ordinal);
        Assert.Equal(
            StatusCode.Unavailable,
            (await Assert.ThrowsAsync<RpcException>(async () => await Client(channel).ModelInferAsync(Request()))).StatusCode);
        Assert.False((await Client(channel).ServerReadyAsync(new())).Ready);
    }

    [Fact]
    public async Task Stop_RequestUnderWay_IsStillAnswered()
    {
        await using var server = await StartAsync("{}");
        Task<HttpResponseMessage> answer;
        Task stopped;
        using (server.Pause("gemm"))
        {
            answer = server.InferAsync("gemm", Json);
            await UntilAsync(() => server.QueueDepth("gemm") == 1);
            stopped = server.StopAsync();
        }
        Assert.Equal(3, (await answer.FloatsAsync()).Length);
        await stopped;
    }

    [Fact]
    public async Task Folder_NewVersionAndModel_AreServedWithoutARestart()
    {
        await using var server = await StartAsync("{}", "--poll-seconds", "0.02");
        server.Folder.Add("gemm", 2, TinyModels.Gemm(scale: 2)).Add("late", 1, TinyModels.Unbatched());
        await UntilAsync(async () => (await server.Http.GetAsync("/v2/models/gemm/versions/2/ready")).IsSuccessStatusCode);
        await UntilAsync(async () => (await server.Http.GetAsync("/v2/models/late/ready")).IsSuccessStatusCode);
        var answer = await (await server.InferAsync("gemm", Json)).JsonAsync();
        Assert.Equal("2", answer.GetProperty("model_version").GetString());
    }

    private static Task<RunningServer> StartAsync(string settings, params string[] options) =>
        RunningServer.StartAsync(new TemporaryRepository().Add("gemm", 1, TinyModels.Gemm()).Settings("gemm", settings), options);

    private static GRPCInferenceService.GRPCInferenceServiceClient Client(GrpcChannel channel) => new(channel);

    private static ModelInferRequest Request()
    {
        var input = new ModelInferRequest.Types.InferInputTensor { Name = "x", Datatype = "FP32", Shape = { 1, 4 } };
        input.Contents = new InferTensorContents { Fp32Contents = { 1, 2, 3, 4 } };
        return new ModelInferRequest { ModelName = "gemm", Inputs = { input } };
    }

    private static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    /// <summary>Waits for what must come; how long it takes is the machine's business.</summary>
    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        var limit = DateTime.UtcNow.AddSeconds(60);
        while (!await condition())
        {
            Assert.True(DateTime.UtcNow < limit, "What the test waits for did not come within a minute.");
            await Task.Delay(5);
        }
    }
}
