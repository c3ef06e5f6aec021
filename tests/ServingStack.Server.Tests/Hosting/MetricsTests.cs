using ServingStack.Server.Tests.Support;

namespace ServingStack.Server.Tests.Hosting;

[Collection(ServerCollection.Name)]
public sealed class MetricsTests(ServerFixture fixture)
{
    private static readonly string[] Families =
    [
        "servingstack_request_duration_seconds_bucket", "servingstack_queue_duration_seconds_bucket", "servingstack_batch_size_bucket",
        "servingstack_operator_duration_seconds_bucket", "servingstack_operator_flops_total", "servingstack_operator_bytes_total",
        "servingstack_requests_total", "servingstack_requests_inflight", "servingstack_queue_depth", "servingstack_fallback_operators",
        "servingstack_models_ready", "servingstack_model_loads_total", "http_server_request_duration_seconds_bucket", "dotnet_",
    ];

    [Fact]
    public async Task Metrics_AfterARequest_HoldEveryFamilyWithItsLabels()
    {
        const string Json = """{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}]}""";
        await fixture.Server.InferAsync("gemm", Json).FloatsAsync();
        var lines = await ScrapeAsync(l =>
            l.StartsWith("servingstack_operator_duration_seconds_count", StringComparison.Ordinal)
            && l.Contains("model=\"gemm\"", StringComparison.Ordinal));
        Assert.All(Families, family => Assert.Contains(lines, l => l.StartsWith(family, StringComparison.Ordinal)));
        var step = lines.First(l =>
            l.StartsWith("servingstack_operator_duration_seconds_bucket", StringComparison.Ordinal)
            && l.Contains("model=\"gemm\"", StringComparison.Ordinal));
        Assert.All(["version=\"1\"", "operator=\"", "precision=\"", "backend=\"", "le=\"1E-06\""], label =>
            Assert.Contains(label, step.Replace("1e-06", "1E-06", StringComparison.Ordinal), StringComparison.Ordinal));
    }

    /// <summary>What is recorded after the answer, and cached by the exporter, shows a moment later.</summary>
    private async Task<string[]> ScrapeAsync(Predicate<string> expected)
    {
        for (var tries = 0; tries < 100; tries++)
        {
            var lines = (await fixture.Server.Http.GetStringAsync("/metrics")).Split('\n');
            if (Array.Exists(lines, expected)) return lines;
            await Task.Delay(50);
        }
        throw new InvalidOperationException("The metric did not appear.");
    }
}
