namespace ServingStack.Serving.Batching;

/// <summary>
/// Decides when queued requests run, and together with whom. Pure: the same queue, time and cost give the same decision.
/// <list type="number">
/// <item>A request that would miss its deadline even if it ran now and alone is refused at once: its time goes to one that can be
/// met.</item>
/// <item>The oldest request is in every batch, so none starves.</item>
/// <item>Requests with the oldest one's shapes join it in order while the batch stays within its limit and every member meets its
/// deadline.</item>
/// <item>A batch that can still grow waits for company until the oldest member has waited long enough, or a member's deadline
/// presses.</item>
/// </list>
/// Learned cost and early refusal after Clockwork (Gujarati et al., OSDI 2020, section 4) and Nexus (Shen et al., SOSP 2019, section 4.3).
/// </summary>
public static class BatchPolicy
{
    /// <param name="queue">Requests, oldest first; each takes <c>limits.MaxRows</c> rows at most.</param>
    /// <param name="now">The present tick.</param>
    public static BatchDecision Decide(ReadOnlySpan<QueuedItem> queue, long now, BatchLimits limits, BatchCost cost)
    {
        if (queue.IsEmpty) return BatchDecision.Wait(long.MaxValue);
        var hopeless = IndexOfHopeless(queue, now, cost);
        if (hopeless >= 0) return BatchDecision.Reject(hopeless);

        var batch = Gather(queue, now, limits, cost);
        if (batch.IsClosed) return BatchDecision.Dispatch(batch.Count);
        var until = Math.Min(Later(queue[0].Arrival, limits.MaxDelay), LatestStart(batch, limits, cost));
        return now >= until ? BatchDecision.Dispatch(batch.Count) : BatchDecision.Wait(until);
    }

    private static int IndexOfHopeless(ReadOnlySpan<QueuedItem> queue, long now, BatchCost cost)
    {
        for (var i = 0; i < queue.Length; i++)
            if (!Meets(queue[i].Deadline, now, cost, queue[i].Rows)) return i;
        return -1;
    }

    private static Gathered Gather(ReadOnlySpan<QueuedItem> queue, long now, BatchLimits limits, BatchCost cost)
    {
        var (count, rows, deadline) = (0, 0, long.MaxValue);
        foreach (ref readonly var item in queue)
        {
            if (!item.Shapes.Equals(queue[0].Shapes)) continue;
            var earliest = Math.Min(deadline, item.Deadline);
            var fits = rows + item.Rows <= limits.MaxRows && Meets(earliest, now, cost, rows + item.Rows);
            // The first member may be alone over the limit only by a caller's mistake; running it still beats keeping it forever.
            if (count > 0 && !fits) return new Gathered(count, rows, deadline, IsClosed: true);
            (count, rows, deadline) = (count + 1, rows + item.Rows, earliest);
        }
        return new Gathered(count, rows, deadline, IsClosed: rows >= limits.MaxRows);
    }

    /// <summary>The last tick at which the batch, with one row more, still meets its deadlines.</summary>
    private static long LatestStart(Gathered batch, BatchLimits limits, BatchCost cost) =>
        batch.Deadline == long.MaxValue ? long.MaxValue : batch.Deadline - cost.For(batch.Rows + 1) - limits.Margin;

    private static bool Meets(long deadline, long now, BatchCost cost, int rows) =>
        deadline == long.MaxValue || (now < deadline && cost.For(rows) <= deadline - now);

    private static long Later(long tick, long delay) => tick > long.MaxValue - delay ? long.MaxValue : tick + delay;

    private readonly record struct Gathered(int Count, int Rows, long Deadline, bool IsClosed);
}
