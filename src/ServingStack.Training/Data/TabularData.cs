using ServingStack.Compression.Datasets;
using ServingStack.Training.Native;
using static TorchSharp.torch;

namespace ServingStack.Training.Data;

/// <summary>Rows for a recommender: inputs [n, categorical columns] of ids and [n, dense features], targets [n, 1] of 0 or 1.</summary>
public sealed class TabularData(TabularDataset table) : ITrainingData
{
    static TabularData() => TorchRuntime.EnsureLoaded();

    public int Count => table.Count;

    public Batch Take(ReadOnlySpan<int> rows, Random? augmentation = null)
    {
        var (columns, features) = (table.CategoricalColumns.Count, table.DenseColumns.Count);
        var categorical = new long[rows.Length * columns];
        var dense = new float[rows.Length * features];
        var targets = new float[rows.Length];
        for (var i = 0; i < rows.Length; i++)
        {
            table.Categorical.AsSpan(rows[i] * columns, columns).CopyTo(categorical.AsSpan(i * columns));
            table.Dense.AsSpan(rows[i] * features, features).CopyTo(dense.AsSpan(i * features));
            targets[i] = table.Targets[rows[i]];
        }
        return new([tensor(categorical, [rows.Length, columns]), tensor(dense, [rows.Length, features])],
            tensor(targets, [rows.Length, 1]));
    }
}
