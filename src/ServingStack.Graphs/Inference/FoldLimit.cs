namespace ServingStack.Graphs.Inference;

/// <summary>How much data is computed while inferring.</summary>
/// <param name="Elements">A result of at most so many elements is.</param>
/// <param name="AsLargeAsInputs">Whether a larger one is, too, that is no larger than what it is made from (transposed weights).</param>
internal readonly record struct FoldLimit(long Elements, bool AsLargeAsInputs)
{
    /// <summary>Bounds the memory that a hostile file can take.</summary>
    private const long MaxElements = 1 << 26;

    public bool Allows(long outputElements, long inputElements) =>
        outputElements <= Elements || (AsLargeAsInputs && outputElements <= Math.Min(inputElements, MaxElements));
}
