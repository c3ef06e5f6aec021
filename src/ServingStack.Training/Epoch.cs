namespace ServingStack.Training;

/// <summary>
/// One pass over the rows in an order of its own: shuffled by the seed and the epoch's number alone, so that a run that goes on from a
/// checkpoint sees what an unbroken one sees. The last, smaller batch is left out: its statistics are noisier than the others'.
/// </summary>
internal sealed class Epoch
{
    private readonly int[] _order;
    private readonly int _batchSize;
    private readonly int _epochs;

    public Epoch(TrainingOptions options, int number, int rows)
    {
        (Number, _epochs, _batchSize) = (number, options.Epochs, Math.Min(options.BatchSize, rows));
        Random = new Random(HashCode(options.Seed, number));
        _order = [.. Enumerable.Range(0, rows)];
        Random.Shuffle(_order);
    }

    /// <summary>0-based.</summary>
    public int Number { get; }

    /// <summary>What the data's augmentation draws from.</summary>
    public Random Random { get; }

    public int BatchCount => _order.Length / _batchSize;

    /// <summary>Batches of the whole run.</summary>
    public long Steps => (long)BatchCount * _epochs;

    public long FirstStep => (long)BatchCount * Number;

    public long LastStep => FirstStep + BatchCount;

    public ReadOnlySpan<int> Rows(int batch) => _order.AsSpan(batch * _batchSize, _batchSize);

    // Stable over processes, unlike System.HashCode.
    private static int HashCode(int seed, int number) => unchecked((seed * 1_000_003) + number);
}
