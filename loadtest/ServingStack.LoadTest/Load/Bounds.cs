namespace ServingStack.LoadTest.Load;

/// <summary>What a load must show to pass; null is no bound.</summary>
internal sealed record Bounds(TimeSpan? MaxP99, long? MaxErrors, double? MinRate)
{
    /// <summary>One line for each bound that was missed. A load without a single good answer passes nothing.</summary>
    public IEnumerable<string> Missed(LoadResult result)
    {
        if (result.Answered == 0) yield return "no request was answered";
        else if (MaxP99 is { } p99 && result.Latency.P99 > p99)
            yield return $"p99 is {result.Latency.P99.TotalMilliseconds:0.00} ms, --max-p99 is {p99.TotalMilliseconds:0.##} ms";
        if (MaxErrors is { } errors && result.ErrorCount > errors) yield return $"{result.ErrorCount} errors, --max-errors is {errors}";
        if (MinRate is { } rate && result.AnsweredRate < rate)
            yield return $"{result.AnsweredRate:0.0} answers a second, --min-rate is {rate:0.0}";
    }
}
