using System.IO.Compression;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using ServingStack.Server.Tests.Support;

namespace ServingStack.Server.Tests.Rest;

[Collection(ServerCollection.Name)]
public sealed class InferTests(ServerFixture fixture)
{
    private readonly RunningServer _server = fixture.Server;

    [Theory]
    [InlineData("""{"name":"a","shape":[1,2],"datatype":"FP32","data":[1,2]}""")]
    [InlineData("""{"name":"a","shape":[1,2],"datatype":"FP32","data":[[1,2]]}""")]
    [InlineData("""{"data":[[1,2.0e0]],"datatype":"FP32","shape":[1,2],"name":"a","unknown":{"x":[1]}}""")]
    public async Task Infer_JsonTensors_GivesFlatOutputs(string a)
    {
        var floats = _server.InferAsync("sums", $$"""{"inputs":[{{a}},{"name":"b","shape":[1,2],"datatype":"FP32","data":[10,20]}]}""");
        float[] expected = [11f, 22f];
        Assert.Equal(expected, await floats.FloatsAsync());
    }

    [Fact]
    public async Task Infer_Answer_EchoesIdAndNamesTheModel()
    {
        const string Json = """{"id":"r-1","inputs":[{"name":"x","shape":[3],"datatype":"FP32","data":[-1,0,1]}]}""";
        using var response = await _server.InferAsync("unbatched", Json);
        var json = await response.JsonAsync();
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal("r-1", json.GetProperty("id").GetString());
        Assert.Equal(("unbatched", "1"), (json.GetProperty("model_name").GetString(), json.GetProperty("model_version").GetString()));
        var output = json.GetProperty("outputs")[0];
        Assert.Equal(
            ("y", "FP32", "[3]"),
            (output.GetProperty("name").GetString(), output.GetProperty("datatype").GetString(), output.GetProperty("shape").GetRawText()));
    }

    [Fact]
    public async Task Infer_RequestedOutputs_ComeInTheOrderAskedFor()
    {
        using var response = await _server.InferAsync("sums", Sums("""
            ,"outputs":[{"name":"difference"}]
            """));
        var outputs = (await response.JsonAsync()).GetProperty("outputs");
        Assert.Equal(1, outputs.GetArrayLength());
        Assert.Equal("difference", outputs[0].GetProperty("name").GetString());
    }

    [Theory]
    [InlineData(1, "[1,1]", """["22:1"]""")]
    [InlineData(5, "[1,2]", """["22:1","11:0"]""")]
    public async Task Infer_Classification_GivesTheLargestFirst(int classes, string shape, string expected)
    {
        using var response = await _server.InferAsync(
            "sums", Sums($$$""","outputs":[{"name":"sum","parameters":{"classification":{{{classes}}}}}]"""));
        var output = (await response.JsonAsync()).GetProperty("outputs")[0];
        Assert.Equal(
            ("BYTES", shape, expected),
            (output.GetProperty("datatype").GetString(), output.GetProperty("shape").GetRawText(), output.GetProperty("data").GetRawText()));
    }

    [Fact]
    public async Task Infer_BinaryClassification_PutsLengthsBeforeTexts()
    {
        using var response = await _server.InferAsync(
            "sums", Sums(""","outputs":[{"name":"sum","parameters":{"classification":2,"binary_data":true}}]"""));
        var (head, tail) = await SplitAsync(response);
        Assert.Equal(16, head.GetProperty("outputs")[0].GetProperty("parameters").GetProperty("binary_data_size").GetInt32());
        Assert.Equal("\u0004\0\0\022:1\u0004\0\0\011:0", Encoding.UTF8.GetString(tail));
    }

    [Fact]
    public async Task Infer_ClassificationOfIntegers_IsRefused() => Assert.Contains("classification takes FP32",
        await _server.InferAsync("identity_Int32",
            """{"inputs":[{"name":"x","shape":[1,2],"datatype":"INT32","data":[1,2]}],"outputs":[{"name":"y","parameters":{"classification":1}}]}""")
            .ErrorAsync(HttpStatusCode.BadRequest), StringComparison.Ordinal);

    [Theory]
    [InlineData("UInt8", "UINT8", "[0,255]")]
    [InlineData("UInt16", "UINT16", "[0,65535]")]
    [InlineData("UInt32", "UINT32", "[0,4294967295]")]
    [InlineData("UInt64", "UINT64", "[0,18446744073709551615]")]
    [InlineData("Int8", "INT8", "[-128,127]")]
    [InlineData("Int16", "INT16", "[-32768,32767]")]
    [InlineData("Int32", "INT32", "[-2147483648,2147483647]")]
    [InlineData("Int64", "INT64", "[-9223372036854775808,9223372036854775807]")]
    [InlineData("Float32", "FP32", "[0.1,-3.4028235E+38]")]
    [InlineData("Float64", "FP64", "[0.1,1.7976931348623157E+308]")]
    [InlineData("Bool", "BOOL", "[true,false]")]
    [InlineData("Float32", "FP32", """["NaN","-Infinity"]""")]
    [InlineData("Float64", "FP64", """["Infinity","NaN"]""")]
    public async Task Infer_EveryDatatype_KeepsItsExtremes(string type, string datatype, string data)
    {
        using var response = await _server.InferAsync($"identity_{type}", Identity(datatype, data));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(data, (await response.JsonAsync()).GetProperty("outputs")[0].GetProperty("data").GetRawText());
    }

    [Theory]
    [InlineData("UInt8", "UINT8", "[0,256]", "element 1 of data is 256")]
    [InlineData("UInt8", "UINT8", "[true,1]", "element 0 of data is true")]
    [InlineData("Int8", "INT8", "[1.5,0]", "element 0 of data is 1.5")]
    [InlineData("Int64", "INT64", """["NaN",0]""", "the string \"NaN\"")]
    [InlineData("Int64", "INT64", "[9223372036854775808,0]", "9223372036854775808")]
    [InlineData("Float32", "FP32", "[1e39,0]", "element 0 of data is 1e39")]
    [InlineData("Float32", "FP32", """["nan",0]""", "\"nan\"")]
    [InlineData("Float32", "FP32", "[null,0]", "is null")]
    [InlineData("Float32", "FP32", "[{},0]", "is an object")]
    [InlineData("Bool", "BOOL", "[2,0]", "true or false")]
    [InlineData("Float16", "FP16", "[1,2]", "binary data")]
    public async Task Infer_ElementThatDoesNotFit_IsNamed(string type, string datatype, string data, string expected) =>
        Assert.Contains(
            expected, await _server.InferAsync($"identity_{type}", Identity(datatype, data)).ErrorAsync(HttpStatusCode.BadRequest),
            StringComparison.Ordinal);

    [Theory]
    [InlineData("[1,2]", "[[1],[2]]", "depth 2 of data has 1 entries")]
    [InlineData("[2,2]", "[[1,2],[3]]", "depth 2 of data has 1 entries")]
    [InlineData("[1,2]", "[[1,2],3]", "mixes")]
    [InlineData("[1,2]", "[[[1,2]]]", "deeper")]
    [InlineData("[1,2]", "[1,2,3]", "more than 2")]
    [InlineData("[1,2]", "[1]", "has 1 elements")]
    [InlineData("[1,2]", "7", "no array")]
    [InlineData("[1,3]", "[1,2,3]", "has shape [1, 3]")]
    [InlineData("[2]", "[1,2]", "has shape [2]")]
    [InlineData("[99999,2]", "[1,2]", "batch of 99999")]
    [InlineData("[-1,2]", "[1,2]", "0 or more")]
    [InlineData("[1.5,2]", "[1,2]", "no whole number")]
    public async Task Infer_WrongShapeOrNesting_SaysWhatIsExpected(string shape, string data, string expected) => Assert.Contains(expected,
        await _server.InferAsync("identity_Float32", $$"""{"inputs":[{"name":"x","shape":{{shape}},"datatype":"FP32","data":{{data}}}]}""")
            .ErrorAsync(HttpStatusCode.BadRequest),
        StringComparison.Ordinal);

    [Theory]
    [InlineData("", "no JSON")]
    [InlineData("{", "no JSON at line 1")]
    [InlineData("""{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[NaN,1]}]}""", "\"NaN\"")]
    [InlineData("""{"inputs":[]} trailing""", "no JSON at line 1, byte 15")]
    [InlineData("[]", "no JSON object")]
    [InlineData("{}", "inputs is missing")]
    [InlineData("""{"inputs":{}}""", "inputs is no array")]
    [InlineData("""{"inputs":[]}""", "'x' is missing")]
    [InlineData("""{"inputs":[],"inputs":[]}""", "given twice")]
    [InlineData("""{"inputs":[1]}""", "inputs[0] is no object")]
    [InlineData("""{"inputs":[{}]}""", "inputs[0] has no name")]
    [InlineData("""{"inputs":[{"name":"x"}]}""", "has no datatype")]
    [InlineData("""{"inputs":[{"name":"x","datatype":"FP32"}]}""", "has no shape")]
    [InlineData("""{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32"}]}""", "neither data nor")]
    [InlineData("""{"inputs":[{"name":"z","shape":[1,2],"datatype":"FP32","data":[1,2]}]}""", "no input 'z', only 'x'")]
    [InlineData("""{"inputs":[{"name":"x","shape":[1,2],"datatype":"INT8","data":[1,2]}]}""", "takes FP32")]
    [InlineData("""{"inputs":[{"name":"x","shape":[1,2],"datatype":"FLOAT","data":[1,2]}]}""", "unknown datatype 'FLOAT'")]
    [InlineData("""{"id":5,"inputs":[]}""", "id is no string")]
    [InlineData("""{"parameters":{"timeout":-1},"inputs":[]}""", "timeout is -1")]
    [InlineData("""{"parameters":{"timeout":"soon"},"inputs":[]}""", "timeout is no number")]
    [InlineData("{\"inputs\":[{\"name\":\"\\ud800\"}]}", "no valid JSON")]
    public async Task Infer_MalformedRequest_SaysWhereAndWhat(string json, string expected) =>
        Assert.Contains(
            expected, await _server.InferAsync("identity_Float32", json).ErrorAsync(HttpStatusCode.BadRequest), StringComparison.Ordinal);

    [Fact]
    public async Task Infer_DeepNesting_IsRefused() => Assert.Contains("no JSON",
        await _server.InferAsync("identity_Float32", new string('[', 40_000)).ErrorAsync(HttpStatusCode.BadRequest),
            StringComparison.Ordinal);

    [Theory]
    [InlineData(",\"outputs\":[{\"name\":\"sum\"},{\"name\":\"sum\"}]", HttpStatusCode.BadRequest, "asked for twice")]
    [InlineData(",\"outputs\":[{\"name\":\"product\"}]", HttpStatusCode.BadRequest, "no output 'product'")]
    [InlineData(",\"outputs\":[{\"name\":\"sum\",\"parameters\":{\"classification\":0}}]", HttpStatusCode.BadRequest, "classification is 0")]
    [InlineData(",\"parameters\":{\"sequence_id\":3}", HttpStatusCode.NotImplemented, "sequence_id")]
    public async Task Infer_OutputOrParameterThatCannotBe_IsRefused(string more, HttpStatusCode status, string expected) =>
        Assert.Contains(expected, await _server.InferAsync("sums", Sums(more)).ErrorAsync(status), StringComparison.Ordinal);

    [Fact]
    public async Task Infer_BinaryInAndOut_KeepsOrderAndBits()
    {
        const string Json = """
            {"inputs":[{"name":"b","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":8}},
                       {"name":"a","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":8}}],
             "parameters":{"binary_data_output":true},
             "outputs":[{"name":"difference"},{"name":"sum","parameters":{"binary_data":false}}]}
            """;
        using var response = await _server.InferAsync("sums", Json, Bytes(10f, 20f, 1f, 2f));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/octet-stream", response.Content.Headers.ContentType?.MediaType);
        var (head, tail) = await SplitAsync(response);
        Assert.Equal("difference", head.GetProperty("outputs")[0].GetProperty("name").GetString());
        Assert.Equal(8, head.GetProperty("outputs")[0].GetProperty("parameters").GetProperty("binary_data_size").GetInt32());
        Assert.Equal("[11,22]", head.GetProperty("outputs")[1].GetProperty("data").GetRawText());
        Assert.Equal(Bytes(-9f, -18f), tail);
    }

    [Fact]
    public async Task Infer_HalfPrecision_TravelsAsBinary()
    {
        var bits = MemoryMarshal.AsBytes<Half>([(Half)1.5f, Half.NaN]).ToArray();
        const string Json = """
            {"inputs":[{"name":"x","shape":[1,2],"datatype":"FP16","parameters":{"binary_data_size":4}}],"parameters":{"binary_data_output":true}}
            """;
        using var response = await _server.InferAsync("identity_Float16", Json, bits);
        Assert.Equal(bits, (await SplitAsync(response)).Tail);
    }

    [Fact]
    public async Task Infer_RawBody_IsTheOnlyInputAndComesBackBinary()
    {
        using var response = await _server.InferAsync("unbatched", "", Bytes(-1f, 2f, -3f), "0");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(Bytes(0f, 2f, 0f), (await SplitAsync(response)).Tail);
    }

    [Fact]
    public async Task Infer_RawBodyWithOneOpenExtent_DerivesIt()
    {
        using var response = await _server.InferAsync("open", "", Bytes(1f, -1f, 2f, -2f, 3f), "0");
        var (head, tail) = await SplitAsync(response);
        Assert.Equal("[1,5]", head.GetProperty("outputs")[0].GetProperty("shape").GetRawText());
        Assert.Equal(Bytes(1f, 0f, 2f, 0f, 3f), tail);
    }

    [Theory]
    [InlineData("unbatched", 12, "11", "no JSON")]
    [InlineData("sums", 16, "0", "models with one input")]
    [InlineData("unbatched", 13, "0", "takes 12 bytes, got 13")]
    [InlineData("unbatched", 12, "13", "is 13, but the body has 12 bytes")]
    [InlineData("unbatched", 12, "-1", "'-1'")]
    [InlineData("unbatched", 12, "x", "'x'")]
    [InlineData("unbatched", 12, "99999999999999", "'99999999999999'")]
    public async Task Infer_WrongRawBody_SaysWhatIsExpected(string model, int bytes, string header, string expected)
    {
        var error = await _server.InferAsync(model, "", new byte[bytes], header).ErrorAsync(HttpStatusCode.BadRequest);
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"binary_data_size":12}""", 11, "only 11 bytes are left")]
    [InlineData("""{"binary_data_size":12}""", 13, "1 bytes are left over")]
    [InlineData("""{"binary_data_size":8}""", 8, "takes 12 bytes, got 8")]
    [InlineData("""{"binary_data_size":-1}""", 0, "binary_data_size is -1")]
    [InlineData("""{"binary_data_size":12},"data":[1,2,3]""", 12, "both data and")]
    public async Task Infer_WrongBinaryFraming_SaysWhatIsExpected(string parameters, int sent, string expected)
    {
        var json = $$"""{"inputs":[{"name":"x","shape":[3],"datatype":"FP32","parameters":{{parameters}}}]}""";
        Assert.Contains(
            expected, await _server.InferAsync("unbatched", json, new byte[sent]).ErrorAsync(HttpStatusCode.BadRequest),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Infer_BodyOverTheLimit_Is413(bool chunked)
    {
        using var content = new ByteArrayContent(new byte[100_001]);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v2/models/gemm/infer") { Content = content };
        request.Headers.TransferEncodingChunked = chunked;
        Assert.Contains(
            "--max-request-bytes", await _server.Http.SendAsync(request).ErrorAsync(HttpStatusCode.RequestEntityTooLarge),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Infer_CompressedBody_IsRead()
    {
        using var content = new ByteArrayContent(Gzip(Encoding.UTF8.GetBytes(Sums(""))));
        content.Headers.ContentEncoding.Add("gzip");
        float[] expected = [11f, 22f];
        Assert.Equal(expected, await _server.Http.PostAsync("/v2/models/sums/infer", content).FloatsAsync());
    }

    [Fact]
    public async Task Infer_CompressedBodyThatUnpacksOverTheLimit_Is413()
    {
        using var content = new ByteArrayContent(Gzip(new byte[200_000]));
        content.Headers.ContentEncoding.Add("gzip");
        await _server.Http.PostAsync("/v2/models/sums/infer", content).ErrorAsync(HttpStatusCode.RequestEntityTooLarge);
    }

    [Fact]
    public async Task Infer_BodyThatIsNotCompressedAsItSays_Is400()
    {
        using var content = new ByteArrayContent([1, 2, 3, 4]);
        content.Headers.ContentEncoding.Add("gzip");
        await _server.Http.PostAsync("/v2/models/sums/infer", content).ErrorAsync(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Infer_UnknownEncoding_Is501AndListsTheKnownOnes()
    {
        using var content = new ByteArrayContent([1, 2, 3]);
        content.Headers.ContentEncoding.Add("zstd");
        var answer = _server.Http.PostAsync("/v2/models/sums/infer", content);
        await answer.ErrorAsync(HttpStatusCode.NotImplemented);
        Assert.Contains("gzip", (await answer).Headers.GetValues("Accept-Encoding").Single(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nobody", HttpStatusCode.NotFound)]
    [InlineData("gemm/versions/2", HttpStatusCode.NotFound)]
    [InlineData("gemm/versions/one", HttpStatusCode.NotFound)]
    [InlineData("broken", HttpStatusCode.ServiceUnavailable)]
    public async Task Infer_ModelThatIsNotServed_IsToldApart(string path, HttpStatusCode status) =>
        await _server.InferAsync(path, Sums("")).ErrorAsync(status);

    private static string Sums(string more) =>
        $$"""
        {"inputs":[{"name":"a","shape":[1,2],"datatype":"FP32","data":[1,2]},{"name":"b","shape":[1,2],"datatype":"FP32","data":[10,20]}]{{more}}}
        """;

    private static string Identity(string datatype, string data) =>
        $$"""{"inputs":[{"name":"x","shape":[1,2],"datatype":"{{datatype}}","data":{{data}}}]}""";

    private static byte[] Bytes(params float[] values) => MemoryMarshal.AsBytes<float>(values).ToArray();

    private static byte[] Gzip(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest)) gzip.Write(bytes);
        return packed.ToArray();
    }

    private static async Task<(JsonElement Head, byte[] Tail)> SplitAsync(HttpResponseMessage response)
    {
        var body = await response.Content.ReadAsByteArrayAsync();
        var length = int.Parse(response.Headers.GetValues("Inference-Header-Content-Length").Single());
        return (JsonSerializer.Deserialize<JsonElement>(body.AsSpan(0, length)), body[length..]);
    }
}
