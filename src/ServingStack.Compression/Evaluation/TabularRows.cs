using ServingStack.Compression.Datasets;
using ServingStack.Graphs;

namespace ServingStack.Compression.Evaluation;

/// <summary>Rows of a table as a recommender's inputs: ids [count, categorical columns] and numbers [count, dense columns].</summary>
public sealed class TabularRows(TabularDataset table) : ILabelledRows
{
    public int Count => table.Count;

    public Tensor[] Inputs(int first, int count) =>
    [
        Rows(table.Categorical, table.CategoricalColumns.Count, first, count),
        Rows(table.Dense, table.DenseColumns.Count, first, count),
    ];

    public float Target(int row) => table.Targets[row];

    private static Tensor Rows<T>(T[] values, int width, int first, int count) where T : unmanaged =>
        Tensor.From<T>(values.AsSpan(first * width, count * width), count, width);
}
