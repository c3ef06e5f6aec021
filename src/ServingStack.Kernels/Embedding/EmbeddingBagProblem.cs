namespace ServingStack.Kernels.Embedding;

/// <summary>What a bag does with the rows that its indices name.</summary>
/// <param name="Rows">How a row is stored.</param>
/// <param name="IndexType">Int32 or Int64; of offsets and lengths as well.</param>
public sealed record EmbeddingBagProblem(EmbeddingRowFormat Rows, DataType IndexType)
{
    public BagBounds Bounds { get; init; } = BagBounds.Fixed;

    /// <summary>Each row is multiplied by an fp32 weight of its index's own.</summary>
    public bool Weighted { get; init; }

    /// <summary>The sum is divided by the number of a bag's indices; an empty bag gives zeros in any case.</summary>
    public bool Mean { get; init; }

    /// <summary>Index -1 is the last row, as in ONNX Gather; otherwise a negative index is refused.</summary>
    public bool NegativeFromEnd { get; init; }

    /// <exception cref="ArgumentException">What no kernel computes on.</exception>
    internal void Check()
    {
        Rows.Check();
        if (IndexType is not (DataType.Int32 or DataType.Int64))
            throw new ArgumentException($"An embedding bag by {IndexType} indices: expected Int32 or Int64.");
    }
}
