using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using ServingStack.Client;
using ServingStack.Client.Grpc;
using ServingStack.Client.Rest;

namespace ServingStack.EndToEnd.Support;

/// <summary>The server as a user starts it, on free ports of the loopback.</summary>
internal sealed partial class ServerProcess : IAsyncDisposable
{
    private readonly ChildProcess _process;

    private ServerProcess(ChildProcess process, Uri rest, Uri grpc)
    {
        (_process, Rest, Grpc) = (process, rest, grpc);
        Http = new HttpClient { BaseAddress = rest };
    }

    public Uri Rest { get; }

    public Uri Grpc { get; }

    public HttpClient Http { get; }

    public string Output => _process.Output;

    /// <summary>Starts the server and waits for its first look at the repository.</summary>
    /// <param name="repository">Null leaves the option out: the server finds the sample models by itself.</param>
    public static async Task<ServerProcess> StartAsync(string? repository = null, params string[] options)
    {
        string[] folder = repository is null ? [] : ["--model-repository", repository];
        var process = ChildProcess.StartBuilt("src/ServingStack.Server", [.. folder, "--http-port", "0", "--grpc-port", "0", .. options]);
        try
        {
            var banner = await process.UntilAsync(() => Task.FromResult(Banner(process.Output)), "banner");
            return new ServerProcess(process, new Uri(banner.Groups["rest"].Value), new Uri(banner.Groups["grpc"].Value));
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>A client for a way to ask: <c>json</c>, <c>binary</c> or <c>grpc</c>.</summary>
    public IInferenceClient Client(string way) => way switch
    {
        "json" => new RestInferenceClient(Rest, TensorEncoding.Json),
        "binary" => new RestInferenceClient(Rest, TensorEncoding.Binary),
        "grpc" => new GrpcInferenceClient(Grpc),
        _ => throw new ArgumentException($"There is no way '{way}'.", nameof(way)),
    };

    public async Task<JsonElement> GetAsync(string path) => await Http.GetFromJsonAsync<JsonElement>(path);

    /// <summary>The state and the reason of a version in the repository index; null while it is not listed.</summary>
    public async Task<(string State, string Reason)?> StateAsync(string model, int version)
    {
        using var answer = await Http.PostAsync("/v2/repository/index", null);
        var index = await answer.Content.ReadFromJsonAsync<JsonElement>();
        foreach (var entry in index.EnumerateArray())
            if (entry.GetProperty("name").GetString() == model && entry.GetProperty("version").GetString() == $"{version}")
                return (entry.GetProperty("state").GetString()!, entry.GetProperty("reason").GetString()!);
        return null;
    }

    /// <summary>Waits until a version is in a state; the reason that the index gives.</summary>
    public Task<string> UntilStateAsync(string model, int version, string state) => _process.UntilAsync(
        async () => await StateAsync(model, version) is { } found && found.State == state ? found.Reason : null, $"{model}/{version} {state}");

    public Task<T> UntilAsync<T>(Func<Task<T?>> ask, string wanted) where T : class => _process.UntilAsync(ask, wanted);

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _process.DisposeAsync();
    }

    private static Match? Banner(string output) => BannerLines().Match(output) is { Success: true } match ? match : null;

    [GeneratedRegex(@"^\s*REST\s+(?<rest>http://\S+).*\n\s*gRPC\s+(?<grpc>http://\S+)", RegexOptions.Multiline)]
    private static partial Regex BannerLines();
}
