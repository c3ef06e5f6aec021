namespace ServingStack.Serving.Batching;

/// <summary>What a batch may be. Times are ticks.</summary>
/// <param name="MaxRows">Rows at most; 1 turns batching off.</param>
/// <param name="MaxDelay">How long the oldest request may wait for company; 0 runs what is there as soon as an instance is free.</param>
/// <param name="Margin">How much before its deadline an answer should be there when a batch waits for company.</param>
public readonly record struct BatchLimits(int MaxRows, long MaxDelay, long Margin = 0);
