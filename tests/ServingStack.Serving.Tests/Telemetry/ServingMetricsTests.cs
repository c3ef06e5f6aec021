using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using ServingStack.Serving.Errors;
using ServingStack.Serving.Repository;
using ServingStack.Serving.Telemetry;
using ServingStack.Tests.Support;

namespace ServingStack.Serving.Tests.Telemetry;

public sealed class ServingMetricsTests
{
    [Fact]
    public async Task RunAsync_AnsweredAndRefused_AreRecordedWithTheirLabels()
    {
        var seen = new ConcurrentBag<(string Name, double Value, Dictionary<string, object?> Tags)>();
        using var folder = new TemporaryRepository();
        using var metrics = new ServingMetrics();
        using var listener = new MeterListener
        {
            InstrumentPublished = (
            i, l) =>
            { if (i.Meter.Name == ServingMetrics.MeterName) l.EnableMeasurementEvents(i); }
        };
        listener.SetMeasurementEventCallback<double>((i, v, tags, _) => seen.Add((i.Name, v, tags.ToArray().ToDictionary())));
        listener.SetMeasurementEventCallback<long>((i, v, tags, _) => seen.Add((i.Name, v, tags.ToArray().ToDictionary())));
        listener.Start();

        folder.Add("metered", 3, TinyModels.Gemm());
        var file = Path.Combine(folder.Folder, "metered", "3", "model.onnx");
        await using (var model = ServedModel.Load("metered", 3, file, new ModelSettings(), metrics, TimeProvider.System))
        {
            await model.RunAsync([2, 4], 1f, 2f, 3f, 4f, 5f, 6f, 7f, 8f);
            model.CountRefused(ServingError.Invalid("no"));
            listener.RecordObservableInstruments();
        }

        var ours = seen.Where(m => m.Tags.GetValueOrDefault("model") is "metered" && m.Tags.GetValueOrDefault("version") is "3")
            .ToLookup(m => m.Name);
        Assert.Equal(2, Assert.Single(ours["servingstack.batch.size"]).Value);
        Assert.True(Assert.Single(ours["servingstack.request.duration"]).Value >= Assert.Single(ours["servingstack.queue.duration"]).Value);
        Assert.Equal(["invalid_argument", "success"], ours["servingstack.requests"].Select(m => (string?)m.Tags["outcome"]).Order());
        Assert.Equal(0, ours["servingstack.requests.inflight"].Sum(m => m.Value));
        Assert.All(ours["servingstack.operator.duration"], m =>
            Assert.Subset(m.Tags.Keys.ToHashSet(), new HashSet<string> { "operator", "precision", "backend" }));
        Assert.NotEmpty(ours["servingstack.operator.duration"]);
        Assert.Equal(["read", "written"], ours["servingstack.operator.bytes"].Select(m => (string?)m.Tags["direction"]).Distinct().Order());
        Assert.Equal(0, Assert.Single(ours["servingstack.queue.depth"]).Value);
        Assert.Equal(1, Assert.Single(ours["servingstack.models.ready"]).Value);
        Assert.Single(ours["servingstack.fallback.operators"]);
    }

    [Fact]
    public void Parse_CgroupStatFile_FindsTheKey()
    {
        string[] lines = ["usage_usec 100", "nr_periods 7", "nr_throttled 3", "throttled_usec 1500"];
        Assert.Equal(3, CgroupCpu.Parse(lines, "nr_throttled"));
        Assert.Null(CgroupCpu.Parse(lines, "nr_bursts"));
    }
}
