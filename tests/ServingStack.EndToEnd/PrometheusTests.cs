using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using ServingStack.Client;
using ServingStack.EndToEnd.Support;
using ServingStack.Tests.Shared;

namespace ServingStack.EndToEnd;

/// <summary>A real Prometheus scrapes the server and answers for each operator how slow its slowest hundredth is.</summary>
public sealed class PrometheusTests
{
    private const string Model = "fashion_resnet_int8";

    private const string Query =
        "histogram_quantile(0.99, sum by (le, operator) (rate(servingstack_operator_duration_seconds_bucket[1m])))";

    [CommandFact("prometheus")]
    public async Task Scrape_UnderRequests_AnswersTheP99OfEachOperator()
    {
        await using var server = await ServerProcess.StartAsync();
        using var folder = new TemporaryFolder();
        var port = FreePort();
        folder.Write(Encoding.UTF8.GetBytes(Configuration(server.Rest)), "prometheus.yml");
        await using var prometheus = ChildProcess.Start("prometheus",
        [
            $"--config.file={Path.Combine(folder.Path, "prometheus.yml")}", $"--storage.tsdb.path={Path.Combine(folder.Path, "data")}",
            $"--web.listen-address=127.0.0.1:{port}",
        ]);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };

        // Requests go on while it scrapes: a rate needs a count that rises between two looks.
        var p99 = await prometheus.UntilAsync(async () =>
        {
            await AskAsync(server);
            return await QueryAsync(http) is { Count: > 0 } answer && answer.Values.All(double.IsFinite) ? answer : null;
        }, "finite p99");

        Assert.Equal(await OperatorsAsync(server), p99.Keys.Order());
        Assert.All(p99.Values, seconds => Assert.InRange(seconds, 1e-9, 10));
    }

    private static async Task AskAsync(ServerProcess server)
    {
        using var client = server.Client("grpc");
        var inputs = SampleModels.Inputs(await client.GetModelMetadataAsync(Model), rows: 1);
        await client.InferAsync(new InferRequest { Model = Model, Inputs = inputs });
    }

    /// <summary>By operator; null while Prometheus does not answer.</summary>
    private static async Task<Dictionary<string, double>?> QueryAsync(HttpClient http)
    {
        try
        {
            using var answer = JsonDocument.Parse(await http.GetStringAsync($"/api/v1/query?query={Uri.EscapeDataString(Query)}"));
            return answer.RootElement.GetProperty("data").GetProperty("result").EnumerateArray().ToDictionary(
                r => r.GetProperty("metric").GetProperty("operator").GetString()!,
                r => double.Parse(r.GetProperty("value")[1].GetString()!.Replace("+Inf", "Infinity"), CultureInfo.InvariantCulture));
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    /// <summary>What the server itself exports.</summary>
    private static async Task<IEnumerable<string>> OperatorsAsync(ServerProcess server) =>
        (await server.Http.GetStringAsync("/metrics")).Split('\n')
            .Where(l => l.StartsWith("servingstack_operator_duration_seconds_count", StringComparison.Ordinal))
            .Select(l => l.Split("operator=\"")[1].Split('"')[0]).Distinct().Order();

    /// <summary>The configuration that ships, for this server, and often enough for a test.</summary>
    private static string Configuration(Uri server)
    {
        var shipped = File.ReadAllText(Path.Combine(TestData.RepositoryRoot, "deploy", "prometheus", "prometheus.yml"));
        Assert.Contains("127.0.0.1:8000", shipped, StringComparison.Ordinal);
        return shipped.Replace("127.0.0.1:8000", server.Authority, StringComparison.Ordinal)
            .Replace("scrape_interval: 5s", "scrape_interval: 500ms\n  scrape_timeout: 400ms", StringComparison.Ordinal);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
