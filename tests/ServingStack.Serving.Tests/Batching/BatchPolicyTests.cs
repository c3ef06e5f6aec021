using CsCheck;
using ServingStack.Serving.Batching;

namespace ServingStack.Serving.Tests.Batching;

/// <summary>Properties that hold for every queue. CsCheck prints the seed of a failure.</summary>
public sealed class BatchPolicyTests
{
    private static readonly ShapeKey[] Keys = [new([3, 8]), new([3, 16]), new([5])];

    private static readonly Gen<Situation> Situations =
        from maxRows in Gen.Int[1, 16]
        from delay in Gen.Long[0, 50]
        from margin in Gen.Long[0, 5]
        from constant in Gen.Double[0, 40]
        from perRow in Gen.Double[0, 10]
        from items in Items(maxRows).Array[0, 24]
        select new Situation(
            [.. items.OrderBy(i => i.Arrival)], 1000, new BatchLimits(maxRows, delay, margin), new BatchCost(constant, perRow));

    [Fact]
    public void Decide_AnyQueue_IsDeterministic() => Situations.Sample(s => Assert.Equal(s.Decide(), s.Decide()));

    [Fact]
    public void Decide_AnyQueue_NeverExceedsTheLimitAndNeverMixesShapes() => Situations.Sample(s =>
    {
        if (s.Decide() is not { Action: BatchAction.Dispatch } decision) return;
        var batch = s.Members(decision.Count);
        Assert.Equal(decision.Count, batch.Length);
        Assert.True(decision.Count >= 1);
        Assert.True(batch.Sum(m => m.Rows) <= s.Limits.MaxRows);
        Assert.All(batch, m => Assert.Equal(s.Queue[0].Shapes, m.Shapes));
    });

    [Fact]
    public void Decide_AnyQueue_NeverDispatchesARequestThatMissesItsDeadline() => Situations.Sample(s =>
    {
        if (s.Decide() is not { Action: BatchAction.Dispatch } decision) return;
        var batch = s.Members(decision.Count);
        var end = s.Now + s.Cost.For(batch.Sum(m => m.Rows));
        Assert.All(batch, m => Assert.True(m.Deadline > s.Now && m.Deadline >= end, $"{m} ends at {end}"));
    });

    [Fact]
    public void Decide_AnyQueue_RefusesOnlyWhatCannotBeMet() => Situations.Sample(s =>
    {
        if (s.Decide() is not { Action: BatchAction.Reject } decision) return;
        var refused = s.Queue[decision.Index];
        Assert.True(refused.Deadline <= s.Now || refused.Deadline < s.Now + s.Cost.For(refused.Rows));
    });

    [Fact]
    public void Decide_AnyQueue_WaitsNoLongerThanTheOldestMay() => Situations.Sample(s =>
    {
        if (s.Queue.Length == 0 || s.Decide() is not { Action: BatchAction.Wait } decision) return;
        Assert.InRange(decision.Until, s.Now + 1, s.Queue[0].Arrival + s.Limits.MaxDelay);
    });

    [Fact]
    public void Decide_Repeated_EmptiesTheQueueWithoutStarvingAnyone() => Situations.Sample(s =>
    {
        var queue = s.Queue.ToList();
        for (var steps = 0; queue.Count > 0; steps++)
        {
            Assert.True(steps <= 2 * s.Queue.Length, "Some request neither runs nor is refused.");
            var decision = BatchPolicy.Decide(queue.ToArray(), s.Now + s.Limits.MaxDelay, s.Limits, s.Cost);
            Assert.NotEqual(BatchAction.Wait, decision.Action);
            if (decision.Action == BatchAction.Reject)
            {
                queue.RemoveAt(decision.Index);
                continue;
            }
            var oldest = queue[0];
            var members = queue.Where(i => i.Shapes.Equals(oldest.Shapes)).Take(decision.Count).ToArray();
            Assert.Contains(oldest, members);
            foreach (var member in members) queue.Remove(member);
        }
    });

    [Fact]
    public void Decide_NoDelay_RunsWhatIsThere()
    {
        QueuedItem[] queue = [Item(10), Item(11), Item(12)];
        Assert.Equal(BatchDecision.Dispatch(3), BatchPolicy.Decide(queue, 12, new BatchLimits(8, 0), default));
    }

    [Fact]
    public void Decide_FullBatch_DoesNotWaitOutTheDelay()
    {
        QueuedItem[] queue = [Item(10, rows: 3), Item(10, rows: 1), Item(10, rows: 1)];
        Assert.Equal(BatchDecision.Dispatch(2), BatchPolicy.Decide(queue, 10, new BatchLimits(4, 100), default));
    }

    [Fact]
    public void Decide_PressingDeadline_CutsTheDelayShort()
    {
        QueuedItem[] queue = [Item(0, deadline: 60)];
        // One row more would take 40: the batch must start by 20 to end by 60.
        Assert.Equal(BatchDecision.Wait(20), BatchPolicy.Decide(queue, 0, new BatchLimits(8, 100), new BatchCost(20, 10)));
        Assert.Equal(BatchDecision.Dispatch(1), BatchPolicy.Decide(queue, 20, new BatchLimits(8, 100), new BatchCost(20, 10)));
    }

    [Fact]
    public void Decide_CompanyThatWouldCostADeadline_IsLeftBehind()
    {
        QueuedItem[] queue = [Item(0, deadline: 25), Item(0), Item(0)];
        Assert.Equal(BatchDecision.Dispatch(2), BatchPolicy.Decide(queue, 0, new BatchLimits(8, 0), new BatchCost(5, 10)));
    }

    [Fact]
    public void Decide_EmptyQueue_WaitsForARequest() =>
        Assert.Equal(BatchDecision.Wait(long.MaxValue), BatchPolicy.Decide([], 0, new BatchLimits(8, 0), default));

    private static QueuedItem Item(long arrival, long deadline = long.MaxValue, int rows = 1) => new(arrival, deadline, rows, Keys[0]);

    private static Gen<QueuedItem> Items(int maxRows) =>
        from arrival in Gen.Long[900, 1000]
        from deadline in Gen.OneOf(Gen.Long[980, 1200], Gen.Const(long.MaxValue))
        from rows in Gen.Int[1, maxRows]
        from key in Gen.Int[0, Keys.Length - 1]
        select new QueuedItem(arrival, deadline, rows, Keys[key]);

    private sealed record Situation(QueuedItem[] Queue, long Now, BatchLimits Limits, BatchCost Cost)
    {
        public BatchDecision Decide() => BatchPolicy.Decide(Queue, Now, Limits, Cost);

        public QueuedItem[] Members(int count) => [.. Queue.Where(i => i.Shapes.Equals(Queue[0].Shapes)).Take(count)];
    }
}
