using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ServingStack.Server.Tests.Support;

namespace ServingStack.Server.Tests.Rest;

/// <summary>Everything of the REST surface but infer.</summary>
[Collection(ServerCollection.Name)]
public sealed class ProtocolTests(ServerFixture fixture)
{
    private readonly HttpClient _http = fixture.Server.Http;

    [Fact]
    public async Task Get_Server_TellsNameAndExtensions()
    {
        var json = await _http.GetFromJsonAsync<JsonElement>("/v2");
        Assert.Equal("servingstack", json.GetProperty("name").GetString());
        Assert.Contains("binary_tensor_data", json.GetProperty("extensions").EnumerateArray().Select(e => e.GetString()));
    }

    [Theory]
    [InlineData("/v2/health/live", """{"live":true}""")]
    [InlineData("/v2/health/ready", """{"ready":true}""")]
    [InlineData("/v2/models/gemm/ready", """{"name":"gemm","ready":true}""")]
    [InlineData("/v2/models/gemm/versions/1/ready", """{"name":"gemm","ready":true}""")]
    public async Task Get_Health_HasStatusAndBody(string path, string expected) => Assert.Equal(expected, await _http.GetStringAsync(path));

    [Fact]
    public async Task Get_BrokenModel_IsNotReadyAndSaysWhy()
    {
        using var response = await _http.GetAsync("/v2/models/broken/ready");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Contains("model.onnx", (await response.JsonAsync()).GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_ModelMetadata_DescribesTensorsAndProperties()
    {
        var json = await _http.GetFromJsonAsync<JsonElement>("/v2/models/gemm");
        Assert.Equal("""[{"name":"x","datatype":"FP32","shape":[-1,4]}]""", json.GetProperty("inputs").GetRawText());
        Assert.Equal("""[{"name":"y","datatype":"FP32","shape":[-1,3]}]""", json.GetProperty("outputs").GetRawText());
        Assert.Equal("""["1"]""", json.GetProperty("versions").GetRawText());
        Assert.Equal("nothing", json.GetProperty("properties").GetProperty("trained_on").GetString());
    }

    [Fact]
    public async Task Get_Models_ListsThemAll()
    {
        var json = await _http.GetFromJsonAsync<JsonElement>("/v2/models");
        Assert.Superset(
            new HashSet<string?> { "gemm", "sums", "broken" },
            json.GetProperty("models").EnumerateArray().Select(e => e.GetString()).ToHashSet());
    }

    [Fact]
    public async Task Post_RepositoryIndex_TellsStatesAndReasons()
    {
        using var response = await _http.PostAsync("/v2/repository/index", null);
        var broken = (await response.JsonAsync()).EnumerateArray().Single(m => m.GetProperty("name").GetString() == "broken");
        Assert.Equal("UNAVAILABLE", broken.GetProperty("state").GetString());
        Assert.NotEqual("", broken.GetProperty("reason").GetString());
    }

    [Theory]
    [InlineData("GET", "/nothing", HttpStatusCode.NotFound)]
    [InlineData("GET", "/v2/nothing/at/all", HttpStatusCode.NotFound)]
    [InlineData("GET", "/v2/models/nobody", HttpStatusCode.NotFound)]
    [InlineData("GET", "/v2/models/gemm/versions/9", HttpStatusCode.NotFound)]
    [InlineData("GET", "/v2/models/nobody/ready", HttpStatusCode.NotFound)]
    [InlineData("GET", "/v2/models/..%2f..%2fetc", HttpStatusCode.NotFound)]
    [InlineData("GET", "/v2/models/gemm/infer", HttpStatusCode.MethodNotAllowed)]
    [InlineData("DELETE", "/v2/models", HttpStatusCode.MethodNotAllowed)]
    [InlineData("POST", "/v2/health/ready", HttpStatusCode.MethodNotAllowed)]
    public async Task Send_WrongPathOrVerb_IsAnErrorDocument(string verb, string path, HttpStatusCode status)
    {
        using var request = new HttpRequestMessage(new HttpMethod(verb), path);
        Assert.NotEqual("", await _http.SendAsync(request).ErrorAsync(status));
    }

    [Fact]
    public async Task Get_OpenApi_DescribesInferWithItsErrors()
    {
        var json = await _http.GetFromJsonAsync<JsonElement>("/openapi/v1.json");
        var infer = json.GetProperty("paths").GetProperty("/v2/models/{model}/infer").GetProperty("post");
        Assert.True(infer.GetProperty("requestBody").GetProperty("content").TryGetProperty("application/json", out _));
        Assert.Superset(
            new HashSet<string> { "200", "400", "404", "413", "429", "501", "503", "504" },
            infer.GetProperty("responses").EnumerateObject().Select(p => p.Name).ToHashSet());
        var request = json.GetProperty("components").GetProperty("schemas").GetProperty("InferRequestDocument").GetProperty("properties");
        Assert.True(request.TryGetProperty("inputs", out _));
    }

    [Fact]
    public async Task Get_DocumentationPage_NeedsNothingFromElsewhere()
    {
        var page = await _http.GetStringAsync("/scalar/");
        Assert.DoesNotContain("https://cdn", page, StringComparison.OrdinalIgnoreCase);
        using var script = await _http.GetAsync("/scalar/scalar.js");
        Assert.Equal(HttpStatusCode.OK, script.StatusCode);
    }
}
