namespace ServingStack.LoadTest.Load;

/// <summary>What a load has shown, without its warm-up.</summary>
/// <param name="RequestedRate">Requests a second that were due; null for a closed loop.</param>
/// <param name="Elapsed">From the first request's due moment to the last answer.</param>
/// <param name="Sent">Requests that were due.</param>
/// <param name="Answered">Requests with a good answer.</param>
/// <param name="AnsweredRate">Good answers a second.</param>
/// <param name="Errors">The others, by kind.</param>
/// <param name="Latency">From the due moment to the answer.</param>
/// <param name="Service">From the sending to the answer.</param>
/// <param name="Lateness">From the due moment to the sending.</param>
/// <param name="Histogram">All latencies.</param>
internal sealed record LoadResult(
    double? RequestedRate,
    TimeSpan Elapsed,
    long Sent,
    long Answered,
    double AnsweredRate,
    IReadOnlyList<ErrorCount> Errors,
    LatencySummary Latency,
    LatencySummary Service,
    LatencySummary Lateness,
    LatencyHistogram Histogram)
{
    public long ErrorCount => Errors.Sum(kind => kind.Count);
}
