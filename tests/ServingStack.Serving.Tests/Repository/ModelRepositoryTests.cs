using ServingStack.Graphs.Onnx;
using ServingStack.Serving.Errors;
using ServingStack.Serving.Repository;
using ServingStack.Serving.Telemetry;
using ServingStack.Tests.Support;

namespace ServingStack.Serving.Tests.Repository;

public sealed class ModelRepositoryTests : IAsyncLifetime, IDisposable
{
    private readonly TemporaryRepository _folder = new();
    private readonly ServingMetrics _metrics = new();
    private readonly ModelRepository _repository;

    public ModelRepositoryTests() => _repository = new ModelRepository(new RepositoryOptions { Folder = _folder.Folder }, _metrics);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _repository.DisposeAsync();

    public void Dispose()
    {
        _metrics.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Look_TwoVersions_ServesTheNewest()
    {
        _folder.Add("m", 2, TinyModels.Gemm()).Add("m", 10, TinyModels.Gemm());
        _repository.Look(first: true);
        Assert.Equal([10], _repository.ReadyVersions("m"));
        Assert.Equal(ServingErrorKind.NotFound, ErrorOf("m", "2")?.Kind);
    }

    [Fact]
    public void Look_AllVersions_ServesEach()
    {
        _folder.Add("m", 1, TinyModels.Gemm()).Add("m", 2, TinyModels.Gemm()).Settings("m", """{"version_policy": "all"}""");
        _repository.Look(first: true);
        Assert.Equal([1, 2], _repository.ReadyVersions("m"));
        Assert.Equal(2, Version("m", null));
        Assert.Equal(1, Version("m", "1"));
    }

    public static TheoryData<string> BrokenFiles => new("truncated", "random", "empty", "cyclic", "opset");

    [Theory]
    [MemberData(nameof(BrokenFiles))]
    public void Look_BrokenNewestVersion_KeepsTheOlderOneAndNamesTheFile(string kind)
    {
        _folder.Add("m", 1, TinyModels.Gemm()).Add("m", 2, Broken(kind));
        _repository.Look(first: true);
        Assert.Equal([1], _repository.ReadyVersions("m"));
        var status = Assert.Single(_repository.Statuses, s => s.Version == 2);
        Assert.Equal(ModelState.Unavailable, status.State);
        Assert.Contains(Path.Combine(_folder.Folder, "m", "2", "model.onnx"), status.Reason, StringComparison.Ordinal);
        Assert.Equal(ServingErrorKind.Unavailable, ErrorOf("m", "2")?.Kind);
        if (kind == "opset") Assert.Contains("999", status.Reason, StringComparison.Ordinal);
        if (kind == "cyclic") Assert.Matches("first|second", status.Reason);
    }

    [Fact]
    public void Look_NewVersionWhileServing_IsTakenUpOnceItStoodStill()
    {
        _folder.Add("m", 1, TinyModels.Gemm());
        _repository.Look(first: true);
        _folder.Add("m", 2, TinyModels.Gemm());
        _repository.Look(first: false);
        Assert.Equal([1], _repository.ReadyVersions("m"));
        _repository.Look(first: false);
        Assert.Equal([2], _repository.ReadyVersions("m"));
    }

    [Fact]
    public void Look_FileReplacedByABrokenOne_KeepsServingTheGoodOneAndSaysSo()
    {
        _folder.Add("m", 1, TinyModels.Gemm());
        _repository.Look(first: true);
        _folder.Add("m", 1, Broken("random"));
        LookTwice();
        var status = Assert.Single(_repository.Statuses);
        Assert.Equal(ModelState.Ready, status.State);
        Assert.Contains("model.onnx", status.Reason, StringComparison.Ordinal);
        Assert.Equal(1, Version("m", null));
    }

    [Fact]
    public async Task Look_FileReplaced_AnswersFromTheNewOne()
    {
        _folder.Add("m", 1, TinyModels.Gemm(scale: 0));
        _repository.Look(first: true);
        var before = await RunAsync("m");
        Assert.Equal([0.5f, -1f, 2f], before);
        _folder.Add("m", 1, TinyModels.Gemm(scale: 3));
        LookTwice();
        Assert.NotEqual(before, await RunAsync("m"));
    }

    [Fact]
    public void Look_ModelRemoved_IsForgotten()
    {
        _folder.Add("m", 1, TinyModels.Gemm());
        _repository.Look(first: true);
        _folder.Remove("m");
        _repository.Look(first: false);
        Assert.Equal(ServingErrorKind.NotFound, ErrorOf("m", null)?.Kind);
    }

    [Fact]
    public async Task Look_VersionRemovedWhileInUse_FinishesTheRequestsThatHoldIt()
    {
        _folder.Add("m", 1, TinyModels.Gemm());
        _repository.Look(first: true);
        using (var lease = _repository.Acquire("m", null, out _)!.Value)
        {
            _folder.Remove("m");
            _repository.Look(first: false);
            var (bytes, error) = await lease.Model.RunAsync([1, 4], 1f, 2f, 3f, 4f);
            Assert.Null(error);
            Assert.Equal(12, bytes!.Length);
        }
    }

    [Fact]
    public void Look_WrongSettings_ServesWithDefaultsAndSaysSo()
    {
        _folder.Add("m", 1, TinyModels.Gemm()).Settings("m", """{"max_batch": 4}""");
        _repository.Look(first: true);
        var status = Assert.Single(_repository.Statuses);
        Assert.Equal(ModelState.Ready, status.State);
        Assert.Contains("max_batch", status.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Look_SettingsChanged_AreTakenUp()
    {
        _folder.Add("m", 1, TinyModels.Gemm());
        _repository.Look(first: true);
        _folder.Settings("m", """{"max_batch_size": 5}""");
        LookTwice();
        using var lease = _repository.Acquire("m", null, out _)!.Value;
        Assert.Equal(5, lease.Model.Signature.MaxRows);
    }

    [Theory]
    [InlineData("m", "0")]
    [InlineData("m", "01")]
    [InlineData("m", "-1")]
    [InlineData("m", "one")]
    [InlineData("m", "7")]
    [InlineData("n", null)]
    [InlineData("../m", null)]
    public void Acquire_UnknownModelOrVersion_IsNotFound(string model, string? version)
    {
        _folder.Add("m", 1, TinyModels.Gemm());
        _repository.Look(first: true);
        Assert.Equal(ServingErrorKind.NotFound, ErrorOf(model, version)?.Kind);
    }

    [Fact]
    public void Drain_NewRequests_AreRefused()
    {
        _folder.Add("m", 1, TinyModels.Gemm());
        _repository.Look(first: true);
        _repository.Drain();
        Assert.False(_repository.IsReady);
        Assert.Equal(ServingErrorKind.Unavailable, ErrorOf("m", null)?.Kind);
    }

    private static byte[] Broken(string kind)
    {
        var good = OnnxWriter.ToBytes(TinyModels.Gemm());
        var noise = new byte[300];
        new Random(7).NextBytes(noise);
        return kind switch
        {
            "truncated" => good[..(good.Length / 2)],
            "random" => noise,
            "empty" => [],
            "cyclic" => OnnxWriter.ToBytes(TinyModels.Cyclic()),
            _ => OnnxWriter.ToBytes(TinyModels.FromTheFuture()),
        };
    }

    private void LookTwice()
    {
        _repository.Look(first: false);
        _repository.Look(first: false);
    }

    private async Task<float[]> RunAsync(string model)
    {
        using var lease = _repository.Acquire(model, null, out _)!.Value;
        using var request = RequestMaker.Make(lease.Model.Signature, [1, 4], 1f, 2f, 3f, 4f);
        Assert.Null(await lease.Model.RunAsync(request));
        return request.Floats();
    }

    private ServingError? ErrorOf(string model, string? version)
    {
        using var lease = _repository.Acquire(model, version, out var error);
        return error;
    }

    private int Version(string model, string? version)
    {
        using var lease = _repository.Acquire(model, version, out _)!.Value;
        return lease.Model.Version;
    }
}
