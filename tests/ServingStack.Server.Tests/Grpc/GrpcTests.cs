extern alias client;

using System.Runtime.InteropServices;
using client::ServingStack.Inference.Protocol;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using ServingStack.Server.Tests.Support;

namespace ServingStack.Server.Tests.Grpc;

[Collection(ServerCollection.Name)]
public sealed class GrpcTests : IDisposable
{
    private readonly GrpcChannel _channel;
    private readonly GRPCInferenceService.GRPCInferenceServiceClient _client;

    public GrpcTests(ServerFixture fixture)
    {
        _channel = GrpcChannel.ForAddress(fixture.Server.GrpcAddress);
        _client = new(_channel);
    }

    public void Dispose() => _channel.Dispose();

    [Fact]
    public async Task Health_RunningServer_IsLiveAndReady()
    {
        Assert.True((await _client.ServerLiveAsync(new())).Live);
        Assert.True((await _client.ServerReadyAsync(new())).Ready);
        Assert.True((await _client.ModelReadyAsync(new() { Name = "gemm" })).Ready);
        Assert.False((await _client.ModelReadyAsync(new() { Name = "broken" })).Ready);
    }

    [Fact]
    public async Task Metadata_ServerAndModel_AreDescribed()
    {
        Assert.Equal("servingstack", (await _client.ServerMetadataAsync(new())).Name);
        var model = await _client.ModelMetadataAsync(new() { Name = "gemm", Version = "1" });
        Assert.Equal(("x", "FP32"), (model.Inputs[0].Name, model.Inputs[0].Datatype));
        Assert.Equal([-1, 4], model.Inputs[0].Shape);
        Assert.Equal("nothing", model.Properties["trained_on"]);
    }

    [Fact]
    public async Task Infer_RawContents_ComeBackRaw()
    {
        var request = Request("unbatched", Input("x", "FP32", [3]));
        request.Id = "r-7";
        request.RawInputContents.Add(ByteString.CopyFrom(MemoryMarshal.AsBytes<float>([-1f, 2f, -3f])));
        var answer = await _client.ModelInferAsync(request);
        Assert.Equal(("r-7", "unbatched", "1"), (answer.Id, answer.ModelName, answer.ModelVersion));
        Assert.Equal([0f, 2f, 0f], MemoryMarshal.Cast<byte, float>(answer.RawOutputContents[0].Span).ToArray());
        Assert.Null(answer.Outputs[0].Contents);
    }

    [Fact]
    public async Task Infer_TypedContents_ComeBackTyped()
    {
        var request = Request("sums", Floats("b", 10, 20), Floats("a", 1, 2));
        request.Outputs.Add(new ModelInferRequest.Types.InferRequestedOutputTensor { Name = "difference" });
        var answer = await _client.ModelInferAsync(request);
        Assert.Empty(answer.RawOutputContents);
        Assert.Equal([-9f, -18f], Assert.Single(answer.Outputs).Contents.Fp32Contents);
    }

    [Fact]
    public async Task Infer_Classification_GivesTheLargestFirst()
    {
        var request = Request("sums", Floats("b", 10, 20), Floats("a", 1, 2));
        var classes = new InferParameter { Int64Param = 2 };
        request.Outputs.Add(
            new ModelInferRequest.Types.InferRequestedOutputTensor { Name = "sum", Parameters = { ["classification"] = classes } });
        var output = Assert.Single((await _client.ModelInferAsync(request)).Outputs);
        Assert.Equal(("BYTES", "22:1", "11:0"),
            (output.Datatype, output.Contents.BytesContents[0].ToStringUtf8(), output.Contents.BytesContents[1].ToStringUtf8()));
    }

    [Fact]
    public async Task Infer_NarrowIntegers_TravelInWiderFields()
    {
        var input = Input("x", "INT8", [1, 2]);
        input.Contents = new InferTensorContents { IntContents = { -128, 127 } };
        Assert.Equal([-128, 127], (await _client.ModelInferAsync(Request("identity_Int8", input))).Outputs[0].Contents.IntContents);
    }

    public static TheoryData<string, StatusCode, string> Refusals => new()
    {
        { "unknown model", StatusCode.NotFound, "no model 'nobody'" },
        { "unknown version", StatusCode.NotFound, "no version 9" },
        { "broken model", StatusCode.Unavailable, "model.onnx" },
        { "unknown input", StatusCode.InvalidArgument, "no input 'z'" },
        { "missing input", StatusCode.InvalidArgument, "'x' is missing" },
        { "input twice", StatusCode.InvalidArgument, "given twice" },
        { "wrong datatype", StatusCode.InvalidArgument, "takes FP32" },
        { "unknown datatype", StatusCode.InvalidArgument, "unknown datatype 'FLOAT'" },
        { "wrong shape", StatusCode.InvalidArgument, "has shape [1, 3]" },
        { "wrong byte count", StatusCode.InvalidArgument, "takes 12 bytes, got 11" },
        { "wrong element count", StatusCode.InvalidArgument, "takes 3 elements in fp32_contents, got 2" },
        { "wrong field", StatusCode.InvalidArgument, "3 in other fields" },
        { "number too large", StatusCode.InvalidArgument, "element 0 is 300" },
        { "raw and typed", StatusCode.InvalidArgument, "one of the two" },
        { "too many raw", StatusCode.InvalidArgument, "2 entries for 1 inputs" },
        { "unknown output", StatusCode.InvalidArgument, "no output 'z'" },
        { "too large", StatusCode.ResourceExhausted, "size" },
        { "shared memory", StatusCode.Unimplemented, "shared_memory_region" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task Infer_RequestThatCannotBe_HasItsStatus(string kind, StatusCode status, string expected)
    {
        var error = await Assert.ThrowsAsync<RpcException>(async () => await _client.ModelInferAsync(Bad(kind)));
        Assert.Equal(status, error.StatusCode);
        Assert.Contains(expected, error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_UnknownService_IsUnimplemented()
    {
        var method = new Method<ServerLiveRequest, ServerLiveResponse>(MethodType.Unary, "inference.Nothing", "Nothing",
            Marshallers.Create(m => m.ToByteArray(), ServerLiveRequest.Parser.ParseFrom),
            Marshallers.Create(m => m.ToByteArray(), ServerLiveResponse.Parser.ParseFrom));
        var call = _channel.CreateCallInvoker().AsyncUnaryCall(method, null, default, new());
        Assert.Equal(StatusCode.Unimplemented, (await Assert.ThrowsAsync<RpcException>(async () => await call)).StatusCode);
    }

    private static ModelInferRequest Bad(string kind)
    {
        var good = Input("x", "FP32", [3]);
        good.Contents = new InferTensorContents { Fp32Contents = { 1, 2, 3 } };
        var request = Request("unbatched", good);
        var three = ByteString.CopyFrom(new byte[12]);
        switch (kind)
        {
            case "unknown model": request.ModelName = "nobody"; break;
            case "unknown version": request.ModelVersion = "9"; break;
            case "broken model": request.ModelName = "broken"; break;
            case "unknown input": good.Name = "z"; break;
            case "missing input": request.Inputs.Clear(); break;
            case "input twice": request.Inputs.Add(good.Clone()); break;
            case "wrong datatype": good.Datatype = "INT32"; break;
            case "unknown datatype": good.Datatype = "FLOAT"; break;
            case "wrong shape": good.Shape.Insert(0, 1); break;
            case "wrong byte count": (good.Contents, request) = (null, WithRaw(request, ByteString.CopyFrom(new byte[11]))); break;
            case "wrong element count": good.Contents.Fp32Contents.RemoveAt(0); break;
            case "wrong field": good.Contents = new InferTensorContents { Fp64Contents = { 1, 2, 3 } }; break;
            case "number too large":
                request = Request("identity_UInt8", Input("x", "UINT8", [1, 2]));
                request.Inputs[0].Contents = new InferTensorContents { UintContents = { 300, 1 } };
                break;
            case "raw and typed": WithRaw(request, three); break;
            case "too many raw": (good.Contents, request) = (null, WithRaw(request, three, three)); break;
            case "unknown output": request.Outputs.Add(new ModelInferRequest.Types.InferRequestedOutputTensor { Name = "z" }); break;
            case "too large": WithRaw(request, ByteString.CopyFrom(new byte[200_000])); break;
            default: good.Parameters["shared_memory_region"] = new InferParameter { StringParam = "r" }; break;
        }
        return request;
    }

    private static ModelInferRequest WithRaw(ModelInferRequest request, params ByteString[] raw)
    {
        request.RawInputContents.Add(raw);
        return request;
    }

    private static ModelInferRequest Request(string model, params ModelInferRequest.Types.InferInputTensor[] inputs) =>
        new() { ModelName = model, Inputs = { inputs } };

    private static ModelInferRequest.Types.InferInputTensor Input(string name, string datatype, long[] shape) =>
        new() { Name = name, Datatype = datatype, Shape = { shape } };

    private static ModelInferRequest.Types.InferInputTensor Floats(string name, params float[] values)
    {
        var input = Input(name, "FP32", [1, values.Length]);
        input.Contents = new InferTensorContents { Fp32Contents = { values } };
        return input;
    }
}
