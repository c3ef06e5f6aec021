using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using ServingStack.Server.Hosting;
using ServingStack.Serving.Repository;
using ServingStack.Tests.Support;

namespace ServingStack.Server.Tests.Support;

/// <summary>The whole server on free ports of the loopback, over a repository of its own.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private RunningServer(WebApplication app, TemporaryRepository folder)
    {
        (_app, Folder) = (app, folder);
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.ToArray();
        Http = new HttpClient { BaseAddress = new Uri(addresses[0]) };
        GrpcAddress = new Uri(addresses[1]);
    }

    public TemporaryRepository Folder { get; }

    public HttpClient Http { get; }

    public Uri GrpcAddress { get; }

    public ModelRepository Repository => _app.Services.GetRequiredService<ModelRepository>();

    public static async Task<RunningServer> StartAsync(TemporaryRepository folder, params string[] options)
    {
        string[] args = ["--model-repository", folder.Folder, "--http-port", "0", "--grpc-port", "0", .. options,
            "--Logging:LogLevel:Default", "None"];
        var app = ServerApplication.TryBuild(args, out var faults) ?? throw new InvalidOperationException(string.Join(" ", faults));
        await app.StartAsync();
        await app.Services.GetRequiredService<ModelRepository>().FirstLook;
        return new RunningServer(app, folder);
    }

    /// <summary>Holds a model's batches back until the result is disposed.</summary>
    public IDisposable Pause(string model)
    {
        var lease = Repository.Acquire(model, null, out _)!.Value;
        lease.Model.Batcher.Pause();
        return new Release(() =>
        {
            lease.Model.Batcher.Resume();
            lease.Dispose();
        });
    }

    /// <summary>Requests of a model that wait.</summary>
    public int QueueDepth(string model)
    {
        using var lease = Repository.Acquire(model, null, out _)!.Value;
        return lease.Model.Batcher.Depth;
    }

    public Task<HttpResponseMessage> InferAsync(string model, string json) =>
        Http.PostAsync($"/v2/models/{model}/infer", new StringContent(json, Encoding.UTF8, "application/json"));

    /// <summary>Posts JSON with binary data behind it.</summary>
    public Task<HttpResponseMessage> InferAsync(string model, string json, byte[] binary, string? headerLength = null)
    {
        var head = Encoding.UTF8.GetBytes(json);
        var content = new ByteArrayContent([.. head, .. binary]);
        content.Headers.Add("Inference-Header-Content-Length", headerLength ?? $"{head.Length}");
        return Http.PostAsync($"/v2/models/{model}/infer", content);
    }

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
        Folder.Dispose();
    }

    private sealed class Release(Action action) : IDisposable
    {
        public void Dispose() => action();
    }
}

/// <summary>What tests look for in answers.</summary>
internal static class Answers
{
    public static async Task<JsonElement> JsonAsync(this HttpResponseMessage response) =>
        await response.Content.ReadFromJsonAsync<JsonElement>();

    /// <summary>
    /// The answer's error text, after checking that the status is the expected one and that the body is an error document.
    /// </summary>
    public static async Task<string> ErrorAsync(this Task<HttpResponseMessage> response, HttpStatusCode expected)
    {
        using var answer = await response;
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True(expected == answer.StatusCode, $"Expected {expected}, got {answer.StatusCode}: {body}");
        var error = JsonSerializer.Deserialize<JsonElement>(body);
        Assert.Equal(["error"], error.EnumerateObject().Select(p => p.Name));
        return error.GetProperty("error").GetString()!;
    }

    /// <summary>The data of an output, after checking that the request succeeded.</summary>
    public static async Task<float[]> FloatsAsync(this Task<HttpResponseMessage> response, int output = 0)
    {
        using var answer = await response;
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        var json = await answer.JsonAsync();
        return [.. json.GetProperty("outputs")[output].GetProperty("data").EnumerateArray().Select(e => e.GetSingle())];
    }
}
