using Google.Protobuf;
using Grpc.Core;
using ServingStack.Client.Grpc;
using ServingStack.Client.Tests.Support;
using ServingStack.Inference.Protocol;

namespace ServingStack.Client.Tests.Grpc;

public class GrpcInferenceClientTests
{
    private static readonly InferRequest Request = new()
    {
        Model = "m",
        Version = "2",
        Id = "7",
        Inputs = [InferTensor.From("x", new[] { 1f, 2f }, 1, 2)],
        Outputs = ["y"],
    };

    [Fact]
    public async Task Infer_Sends_RawContentsInTheOrderOfTheInputs()
    {
        var server = FakeGrpc.Answering(new ModelInferResponse());
        using var client = new GrpcInferenceClient(new("http://server"), server);

        await client.InferAsync(Request with { Timeout = TimeSpan.FromSeconds(30) });

        var sent = FakeGrpc.Parse(ModelInferRequest.Parser, server.Body);
        Assert.Equal("/inference.GRPCInferenceService/ModelInfer", server.Path);
        Assert.Equal(("m", "2", "7"), (sent.ModelName, sent.ModelVersion, sent.Id));
        Assert.Equal(("x", "FP32"), (sent.Inputs.Single().Name, sent.Inputs.Single().Datatype));
        Assert.Equal([1L, 2], sent.Inputs.Single().Shape);
        Assert.Null(sent.Inputs.Single().Contents);
        Assert.Equal(Request.Inputs[0].Bytes.ToArray(), sent.RawInputContents.Single().ToByteArray());
        Assert.Equal("y", sent.Outputs.Single().Name);
        Assert.True(server.Request!.Headers.Contains("grpc-timeout"));
    }

    [Fact]
    public async Task Infer_RawAnswer_IsRead()
    {
        var message = Answer("y", "FP32", 2);
        message.RawOutputContents.Add(ByteString.CopyFrom(0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0));

        var answer = await AskAsync(FakeGrpc.Answering(message));

        Assert.Equal([1f, -2f], answer.Output("y").As<float>().ToArray());
    }

    [Fact]
    public async Task Infer_TypedAnswer_IsNarrowed()
    {
        var message = Answer("y", "INT8", 2);
        message.Outputs[0].Contents = new InferTensorContents { IntContents = { -128, 127 } };

        var answer = await AskAsync(FakeGrpc.Answering(message));

        Assert.Equal([(sbyte)-128, (sbyte)127], answer.Output("y").As<sbyte>().ToArray());
    }

    [Fact]
    public async Task Infer_TypedTexts_AreRead()
    {
        var message = Answer("y", "BYTES", 2);
        message.Outputs[0].Contents = new InferTensorContents { BytesContents = { ByteString.CopyFromUtf8("cat"), ByteString.Empty } };

        Assert.Equal(["cat", ""], (await AskAsync(FakeGrpc.Answering(message))).Output("y").AsStrings());
    }

    [Fact]
    public async Task Infer_AnswerWithoutContents_IsMalformed() =>
        Assert.Equal(InferenceFailure.MalformedAnswer, (await FailAsync(FakeGrpc.Answering(Answer("y", "FP32", 1)))).Failure);

    [Fact]
    public async Task Infer_ValueOutsideItsDatatype_IsMalformed()
    {
        var message = Answer("y", "UINT8", 1);
        message.Outputs[0].Contents = new InferTensorContents { UintContents = { 256 } };

        Assert.Equal(InferenceFailure.MalformedAnswer, (await FailAsync(FakeGrpc.Answering(message))).Failure);
    }

    [Theory]
    [InlineData(StatusCode.InvalidArgument, InferenceFailure.InvalidArgument, "INVALID_ARGUMENT")]
    [InlineData(StatusCode.NotFound, InferenceFailure.NotFound, "NOT_FOUND")]
    [InlineData(StatusCode.ResourceExhausted, InferenceFailure.ResourceExhausted, "RESOURCE_EXHAUSTED")]
    [InlineData(StatusCode.DeadlineExceeded, InferenceFailure.DeadlineExceeded, "DEADLINE_EXCEEDED")]
    [InlineData(StatusCode.Internal, InferenceFailure.Internal, "INTERNAL")]
    public async Task Infer_Status_CarriesItAndTheServersWords(StatusCode status, InferenceFailure failure, string name)
    {
        var error = await FailAsync(FakeGrpc.Failing(status, "the queue is full", retryAfter: "2"));

        Assert.Equal((failure, $"gRPC {name}: the queue is full"), (error.Failure, error.Message));
        Assert.Equal(TimeSpan.FromSeconds(2), error.RetryAfter);
    }

    [Fact]
    public async Task Infer_NobodyListens_IsUnreachable()
    {
        var server = new FakeServer((_, _) => throw new HttpRequestException("refused"));

        Assert.Equal(InferenceFailure.Unreachable, (await FailAsync(server)).Failure);
        using var client = new GrpcInferenceClient(new("http://server"), server);
        Assert.False(await client.IsLiveAsync());
    }

    [Fact]
    public async Task Infer_NoAnswerInTime_IsDeadlineExceeded()
    {
        using var client = new GrpcInferenceClient(new("http://server"), FakeServer.Silent());

        var error = await Assert.ThrowsAsync<InferenceException>(
            () => client.InferAsync(Request with { Timeout = TimeSpan.FromMilliseconds(20) }));

        Assert.Equal(InferenceFailure.DeadlineExceeded, error.Failure);
    }

    [Fact]
    public async Task Infer_CallerGivesUp_IsCancelledAndNoFailure()
    {
        using var client = new GrpcInferenceClient(new("http://server"), FakeServer.Silent());
        using var caller = new CancellationTokenSource();
        var call = client.InferAsync(Request, caller.Token);

        await caller.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
    }

    [Fact]
    public async Task ModelReady_UnknownModel_IsFalse()
    {
        using var client = new GrpcInferenceClient(new("http://server"), FakeGrpc.Failing(StatusCode.NotFound, "no such model"));

        Assert.False(await client.IsModelReadyAsync("m"));
    }

    [Fact]
    public async Task ModelMetadata_IsRead()
    {
        var message = new ModelMetadataResponse { Name = "m", Platform = "p", Versions = { "1" }, Properties = { ["k"] = "v" } };
        message.Inputs.Add(new ModelMetadataResponse.Types.TensorMetadata { Name = "x", Datatype = "FP32", Shape = { -1, 3 } });
        using var client = new GrpcInferenceClient(new("http://server"), FakeGrpc.Answering(message));

        var metadata = await client.GetModelMetadataAsync("m");

        Assert.Equal([-1L, 3], metadata.Inputs.Single().Shape);
        Assert.Equal("v", metadata.Properties["k"]);
    }

    private static ModelInferResponse Answer(string name, string datatype, long length) => new()
    {
        ModelName = "m",
        ModelVersion = "2",
        Outputs = { new ModelInferResponse.Types.InferOutputTensor { Name = name, Datatype = datatype, Shape = { length } } },
    };

    private static async Task<InferResponse> AskAsync(FakeServer server)
    {
        using var client = new GrpcInferenceClient(new("http://server"), server);
        return await client.InferAsync(Request);
    }

    private static Task<InferenceException> FailAsync(FakeServer server) => Assert.ThrowsAsync<InferenceException>(() => AskAsync(server));
}
