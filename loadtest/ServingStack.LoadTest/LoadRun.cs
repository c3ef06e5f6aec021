using ServingStack.LoadTest.Arguments;
using ServingStack.LoadTest.Load;
using ServingStack.LoadTest.Reports;

namespace ServingStack.LoadTest;

/// <summary>One run from the options to the exit code: find the peak when that is wanted, send the load, report.</summary>
internal sealed class LoadRun(LoadOptions options, SendRequest send, TextWriter output, TextWriter error)
{
    /// <summary>Long enough for connections and the server's own compiler, at each step of a search.</summary>
    private static readonly TimeSpan StepWarmUp = TimeSpan.FromSeconds(1);

    private readonly MachinePace _pace = new();
    private readonly ProgressLine _progress = new(error);

    /// <summary>0, or 1 when a bound was missed.</summary>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        double? peak = options.FindPeakOnly || options.Rate.OfPeak ? await FindPeakAsync(stop).ConfigureAwait(false) : null;
        if (peak is 0)
        {
            error.WriteLine("bound missed: no rate without an error was found");
            return 1;
        }
        var result = options.FindPeakOnly || stop.IsCancellationRequested ? null
            : await OpenLoopAsync("load", options.Rate.Of(peak ?? 0), options.WarmUp, options.Duration, stop).ConfigureAwait(false);
        return Report(peak, result);
    }

    private async Task<double> FindPeakAsync(CancellationToken stop)
    {
        var search = new PeakSearch(
            callers => ClosedLoopAsync(callers, stop),
            rate => OpenLoopAsync($"{rate:0.0} requests/s", rate, StepWarmUp, options.Step, stop));
        var peak = await search.FindAsync().ConfigureAwait(false);
        if (options is not { FindPeakOnly: true, Bounds.MaxP99: { } bound }) return peak;
        return await search.FindWithinAsync(peak, bound).ConfigureAwait(false);
    }

    private async Task<LoadResult> ClosedLoopAsync(int callers, CancellationToken stop)
    {
        var recorder = new LoadRecorder(_pace);
        var loop = new ClosedLoop(_pace, send);
        var title = $"{callers} callers";
        await _progress.ShowAsync(title, recorder, StepWarmUp + options.Step,
            () => loop.RunAsync(recorder, callers, StepWarmUp, options.Step, stop)).ConfigureAwait(false);
        var result = recorder.ToResult(null);
        SayStep(title, result);
        return result;
    }

    private async Task<LoadResult> OpenLoopAsync(string title, double rate, TimeSpan warmUp, TimeSpan duration, CancellationToken stop)
    {
        var recorder = new LoadRecorder(_pace);
        var loop = new OpenLoop(_pace, send, options.MaxInFlight);
        var schedule = new PoissonSchedule(rate, options.Target.Seed);
        await _progress.ShowAsync(title, recorder, warmUp + duration,
            () => loop.RunAsync(recorder, schedule, warmUp, duration, stop)).ConfigureAwait(false);
        var result = recorder.ToResult(rate);
        SayStep(title, result);
        return result;
    }

    private void SayStep(string title, LoadResult result) => error.WriteLine(
        $"{title}: {result.AnsweredRate:0.0} answers/s, p99 {result.Latency.P99.TotalMilliseconds:0.00} ms, {result.ErrorCount} errors");

    private int Report(double? peak, LoadResult? result)
    {
        if (peak is { } rate) output.WriteLine($"peak: {rate:0.0} requests a second");
        if (result is not null) ResultTable.Write(output, result);
        string[] missed = result is null ? [] : [.. options.Bounds.Missed(result)];
        foreach (var line in missed) error.WriteLine($"bound missed: {line}");
        WriteFiles(peak, result, missed);
        return missed.Length == 0 ? 0 : 1;
    }

    private void WriteFiles(double? peak, LoadResult? result, string[] missed)
    {
        var target = options.Target;
        var summary = new LoadSummary(
            target.Protocol.ToString(), target.Url, target.Model, target.Version, target.Batch, target.Seed, peak, result, missed);
        if (options.JsonFile is { } json) File.WriteAllText(json, JsonReport.Of(summary));
        if (options.HistogramFile is not { } hgrm || result is null) return;
        using var writer = new StreamWriter(hgrm);
        result.Histogram.WriteDistribution(writer);
    }
}
