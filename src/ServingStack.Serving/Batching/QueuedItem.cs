namespace ServingStack.Serving.Batching;

/// <summary>What the batching policy sees of a queued request. All times are ticks of one clock.</summary>
/// <param name="Arrival">When the request came in.</param>
/// <param name="Deadline">When its answer is worth nothing any more; <see cref="long.MaxValue"/> for never.</param>
/// <param name="Rows">How much of a batch it takes; a request is never split.</param>
/// <param name="Shapes">What all members of a batch share.</param>
public readonly record struct QueuedItem(long Arrival, long Deadline, int Rows, ShapeKey Shapes);
