using ServingStack.Client;
using ServingStack.EndToEnd.Support;

namespace ServingStack.EndToEnd;

/// <summary>A broken model that comes into a running repository takes nothing down, and says what is wrong with it.</summary>
public sealed class BrokenModelTests : IAsyncLifetime, IDisposable
{
    private const string Good = "adult_recommender";

    private readonly TemporaryFolder _folder = new();
    private readonly byte[] _file = File.ReadAllBytes(SampleModels.FileOf(Good));
    private ServerProcess _server = null!;

    public async Task InitializeAsync()
    {
        _folder.Write(_file, Good, "1", "model.onnx");
        _server = await ServerProcess.StartAsync(_folder.Path, "--poll-seconds", "0.2");
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task TruncatedModel_DroppedIn_IsReportedWhileTheOtherServes()
    {
        var before = await AskAsync();
        _folder.Write(_file.AsSpan(0, _file.Length / 2), "truncated", "1", "model.onnx");
        var reason = await _server.UntilStateAsync("truncated", 1, "UNAVAILABLE");
        Assert.Contains("model.onnx", reason, StringComparison.Ordinal);
        Assert.Contains("Model truncated version 1 could not be loaded", _server.Output, StringComparison.Ordinal);
        Assert.Equal(before, await AskAsync());

        using var client = _server.Client("grpc");
        var refusal = await Assert.ThrowsAsync<InferenceException>(() => AskAsync(client, "truncated"));
        Assert.Contains("model.onnx", refusal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NewerVersion_Broken_LeavesTheOlderOneServing()
    {
        var before = await AskAsync();
        _folder.Write("no model at all"u8, Good, "2", "model.onnx");
        await _server.UntilStateAsync(Good, 2, "UNAVAILABLE");
        Assert.Equal("READY", (await _server.StateAsync(Good, 1))?.State);
        Assert.Equal(before, await AskAsync());

        _folder.Write(_file, Good, "3", "model.onnx");
        await _server.UntilStateAsync(Good, 3, "READY");
        Assert.Equal(before with { Version = "3" }, await AskAsync());
    }

    private async Task<(string Version, string Values)> AskAsync()
    {
        using var client = _server.Client("binary");
        return await AskAsync(client, Good);
    }

    private static async Task<(string Version, string Values)> AskAsync(IInferenceClient client, string model)
    {
        InferTensor[] inputs =
        [
            InferTensor.From<long>("categorical", [3, 11, 1, 5, 3, 1, 2, 1], 1, 8),
            InferTensor.From<float>("dense", [47, 14, 0, 0, 50], 1, 5),
        ];
        var answer = await client.InferAsync(new InferRequest { Model = model, Inputs = inputs });
        return (answer.Version, string.Join(" ", answer.Outputs[0].As<float>().ToArray()));
    }
}
