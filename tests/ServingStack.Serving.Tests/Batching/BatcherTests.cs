using Microsoft.Extensions.Time.Testing;
using ServingStack.Engine;
using ServingStack.Graphs;
using ServingStack.Serving.Batching;
using ServingStack.Serving.Errors;
using ServingStack.Serving.Requests;
using ServingStack.Tests.Support;

namespace ServingStack.Serving.Tests.Batching;

public sealed class BatcherTests
{
    private static readonly TensorSpec Row = new("x", ElementType.Float32, new Shape(Dimension.Named("batch"), 2));
    private static readonly ModelSignature Signature = new("m", [Row], [Row], batches: true, maxRows: 4);
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddDays(1));

    [Fact]
    public void Enqueue_FullQueue_IsRefusedWithATimeToRetry()
    {
        using var batcher = new Batcher(new BatchLimits(4, 0), capacity: 2, instances: 1, _time);
        batcher.Learn(4, 3 * _time.TimestampFrequency);
        var first = Request();
        Assert.Null(batcher.Enqueue(first));
        Assert.Null(batcher.Enqueue(Request()));
        var error = batcher.Enqueue(Request());
        Assert.Equal(ServingErrorKind.QueueFull, error?.Kind);
        Assert.Equal(TimeSpan.FromSeconds(3), error!.RetryAfter);
        Assert.False(first.Answer.IsCompleted);
    }

    [Fact]
    public async Task Take_ExpiredRequest_IsAnsweredAndNeverRuns()
    {
        using var batcher = new Batcher(new BatchLimits(4, 0), capacity: 8, instances: 1, _time);
        var (late, inTime) = (Request(TimeSpan.FromMilliseconds(5)), Request());
        batcher.Enqueue(late);
        batcher.Enqueue(inTime);
        _time.Advance(TimeSpan.FromMilliseconds(6));
        var batch = new List<InferenceRequest>();
        Assert.True(batcher.Take(batch));
        Assert.Same(inTime, Assert.Single(batch));
        Assert.Equal(ServingErrorKind.DeadlineExceeded, (await late.Answer)?.Kind);
    }

    [Fact]
    public async Task Take_CancelledRequest_IsDropped()
    {
        using var batcher = new Batcher(new BatchLimits(4, 0), capacity: 8, instances: 1, _time);
        var gone = Request();
        gone.Cancellation = new CancellationToken(canceled: true);
        var stays = Request();
        batcher.Enqueue(gone);
        batcher.Enqueue(stays);
        var batch = new List<InferenceRequest>();
        Assert.True(batcher.Take(batch));
        Assert.Same(stays, Assert.Single(batch));
        Assert.Same(ServingError.Cancelled, await gone.Answer);
    }

    [Fact]
    public async Task Take_Delay_GathersWhatComesUntilItIsOver()
    {
        using var batcher = new Batcher(new BatchLimits(4, _time.TimestampFrequency), capacity: 8, instances: 1, _time);
        batcher.Enqueue(Request());
        var batch = new List<InferenceRequest>();
        var taken = Task.Run(() => batcher.Take(batch));
        batcher.Enqueue(Request());
        Assert.False(taken.IsCompleted);
        while (!taken.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(1);
        }
        Assert.True(await taken);
        Assert.Equal(2, batch.Count);
    }

    [Fact]
    public void Close_QueuedRequests_StillRunAndNewOnesAreRefused()
    {
        using var batcher = new Batcher(new BatchLimits(4, 10 * _time.TimestampFrequency), capacity: 8, instances: 1, _time);
        batcher.Enqueue(Request());
        batcher.Close();
        var batch = new List<InferenceRequest>();
        Assert.True(batcher.Take(batch));
        Assert.Single(batch);
        Assert.False(batcher.Take(batch));
        Assert.Equal(ServingErrorKind.Unavailable, batcher.Enqueue(Request())?.Kind);
    }

    private InferenceRequest Request(TimeSpan? deadline = null)
    {
        var request = RequestMaker.Make(Signature, [1, 2], 1f, 2f);
        request.Arrival = _time.GetTimestamp();
        if (deadline is { } span) request.Deadline = request.Arrival + (long)(span.TotalSeconds * _time.TimestampFrequency);
        return request;
    }
}
