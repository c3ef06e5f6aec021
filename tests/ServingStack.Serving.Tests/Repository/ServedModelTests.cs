using ServingStack.Engine;
using ServingStack.Graphs;
using ServingStack.Graphs.Onnx;
using ServingStack.Serving.Batching;
using ServingStack.Serving.Errors;
using ServingStack.Serving.Repository;
using ServingStack.Serving.Requests;
using ServingStack.Serving.Telemetry;
using ServingStack.Tests.Support;

namespace ServingStack.Serving.Tests.Repository;

public sealed class ServedModelTests : IDisposable
{
    private const int Seed = 424242;
    private readonly TemporaryRepository _folder = new();
    private readonly ServingMetrics _metrics = new();

    public void Dispose()
    {
        _metrics.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task RunAsync_ManyAtOnce_GivesTheBitsOfEachAlone(bool onOnnxRuntime)
    {
        await using var model = Load(
            TinyModels.Gemm(), new ModelSettings { Instances = 2, MaxBatchSize = 8, ForceOnnxRuntime = onOnnxRuntime });
        var random = new Random(Seed);
        var inputs = Enumerable.Range(0, 200).Select(_ => RandomRows(random, 1 + random.Next(3))).ToArray();
        var alone = new List<byte[]>();
        foreach (var input in inputs) alone.Add((await model.RunAsync([input.Length / 4, 4], input)).Bytes!);

        model.Batcher.Pause();
        var together = inputs.Select(input => model.RunAsync([input.Length / 4, 4], input)).ToArray();
        model.Batcher.Resume();
        var answers = await Task.WhenAll(together);
        Assert.All(answers.Zip(alone), pair => Assert.Equal(pair.Second, pair.First.Bytes));
    }

    [Fact]
    public async Task RunAsync_QueuedTogether_RunAsOneBatch()
    {
        var sizes = new List<double>();
        using var listener = new System.Diagnostics.Metrics.MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Name == "servingstack.batch.size") l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((_, value, tags, _) =>
        {
            if (tags[0].Value is "together") lock (sizes) sizes.Add(value);
        });
        listener.Start();
        await using (var model = Load(TinyModels.Gemm(), new ModelSettings { Instances = 1, MaxBatchSize = 8 }, "together"))
        {
            model.Batcher.Pause();
            var answers = Enumerable.Range(0, 5).Select(_ => model.RunAsync([1, 4], 1f, 2f, 3f, 4f)).ToArray();
            model.Batcher.Resume();
            await Task.WhenAll(answers);
        }
        Assert.Equal([5.0], sizes);
    }

    [Fact]
    public async Task RunAsync_DifferentLengths_EachKeepsItsOwnShape()
    {
        await using var model = Load(TinyModels.OpenLength(), new ModelSettings { Instances = 1 });
        model.Batcher.Pause();
        var (two, three) = (model.RunAsync([1, 2], -1f, 2f), model.RunAsync([1, 3], 3f, -4f, 5f));
        model.Batcher.Resume();
        AssertFloats(await two, 0f, 2f);
        AssertFloats(await three, 3f, 0f, 5f);
    }

    [Fact]
    public async Task RunAsync_ModelThatMixesRows_RunsThemAlone()
    {
        await using var model = Load(TinyModels.MixesRows(), new ModelSettings { Instances = 1 });
        Assert.Contains("one by one", model.Note, StringComparison.Ordinal);
        model.Batcher.Pause();
        var answers = Enumerable.Range(0, 4).Select(i => model.RunAsync([1, 2], i, 1f)).ToArray();
        model.Batcher.Resume();
        foreach (var answer in answers) AssertFloats(await answer, 1f, 1f);
    }

    [Fact]
    public async Task RunAsync_OneBadRequestInABatch_FailsAlone()
    {
        await using var model = Load(TinyModels.Gather(), new ModelSettings { Instances = 1 });
        model.Batcher.Pause();
        var (good, bad, alsoGood) = (model.RunAsync([1], 2L), model.RunAsync([1], 99L), model.RunAsync([1], 3L));
        model.Batcher.Resume();
        Assert.NotNull((await bad).Error);
        AssertFloats(await good, 20f, 21f);
        AssertFloats(await alsoGood, 30f, 31f);
    }

    [Fact]
    public async Task RunAsync_NoBatchExtent_RunsOneByOne()
    {
        await using var model = Load(TinyModels.Unbatched(), new ModelSettings { Instances = 2 });
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => model.RunAsync([3], -1f, 0f, i)));
        for (var i = 0; i < 20; i++) AssertFloats(answers[i], 0f, 0f, i);
    }

    [Fact]
    public async Task RunAsync_DefaultTimeout_MayOnlyBeShortened()
    {
        await using var model = Load(TinyModels.Gemm(), new ModelSettings { Instances = 1, DefaultTimeoutMicroseconds = 1000 });
        using var request = RequestMaker.Make(model.Signature, [1, 4], 1f, 2f, 3f, 4f);
        request.Timeout = TimeSpan.FromHours(1);
        model.Batcher.Pause();
        var answer = model.RunAsync(request);
        await Task.Delay(5);
        model.Batcher.Resume();
        Assert.Equal(ServingErrorKind.DeadlineExceeded, (await answer)?.Kind);
    }

    [Fact]
    public void Run_WarmBatch_AllocatesNothing()
    {
        var file = Path.Combine(_folder.Folder, "model.onnx");
        OnnxWriter.Save(TinyModels.Gemm(), file);
        using var compiled = CompiledModel.Load(file, new EngineOptions());
        var signature = new ModelSignature("m", compiled.Inputs, compiled.Outputs, batches: true, maxRows: 8);
        using var runner = new BatchRunner(compiled.CreateSession(), signature, BatchSizes.UpTo(8));
        InferenceRequest[] batch = [.. Enumerable.Range(0, 3)
            .Select(_ => RequestMaker.Make(signature, [2, 4], 1f, 2f, 3f, 4f, 5f, 6f, 7f, 8f))];
        for (var i = 0; i < 3; i++) runner.Run(batch);
        var allocated = AllocatedBy(() => runner.Run(batch));
        // What a model allocates that runs on ONNX Runtime is not the batch's doing.
        Assert.Equal(AllocatedBy(runner.LastPlan!.Run), allocated);
        if (compiled.Platform == CompiledModel.KernelsPlatform) Assert.Equal(0, allocated);
    }

    [Fact]
    public void Load_TextInput_IsRefusedWithItsName()
    {
        var error = Assert.ThrowsAny<Exception>(() => Load(TinyModels.Identity(ElementType.String), new ModelSettings()));
        Assert.Contains("'x'", error.Message, StringComparison.Ordinal);
    }

    private ServedModel Load(Graph graph, ModelSettings settings, string name = "m")
    {
        _folder.Add(name, 1, graph);
        return ServedModel.Load(name, 1, Path.Combine(_folder.Folder, name, "1", "model.onnx"), settings, _metrics, TimeProvider.System);
    }

    private static long AllocatedBy(Action run)
    {
        run();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) run();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static void AssertFloats((byte[]? Bytes, ServingError? Error) answer, params float[] expected)
    {
        Assert.Null(answer.Error);
        Assert.Equal(expected, System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(answer.Bytes).ToArray());
    }

    private static float[] RandomRows(Random random, int rows) =>
        [.. Enumerable.Range(0, 4 * rows).Select(_ => (random.NextSingle() * 20) - 10)];
}
