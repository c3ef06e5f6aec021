namespace ServingStack.Training.Data;

/// <summary>Rows that a graph is trained or judged on.</summary>
public interface ITrainingData
{
    int Count { get; }

    /// <summary>The given rows as they are, or changed at random where <paramref name="augmentation"/> is given. The caller owns the
    /// tensors.</summary>
    Batch Take(ReadOnlySpan<int> rows, Random? augmentation = null);
}
