namespace ServingStack.Serving.Batching;

/// <summary>The learned duration of a batch of n rows, <c>PerRow * n + Fixed</c>, in ticks. Both are 0 or more.</summary>
public readonly record struct BatchCost(double Fixed, double PerRow)
{
    /// <summary>Ticks that <paramref name="rows"/> rows take.</summary>
    public long For(int rows) => (long)Math.Min(Fixed + (PerRow * rows), long.MaxValue / 4);
}
