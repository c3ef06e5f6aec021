using ServingStack.Graphs;

namespace ServingStack.Compression.Evaluation;

/// <summary>The first rows of others.</summary>
public sealed class FirstRows(ILabelledRows rows, int count) : ILabelledRows
{
    public int Count => Math.Min(count, rows.Count);

    public Tensor[] Inputs(int first, int count) => rows.Inputs(first, count);

    public float Target(int row) => rows.Target(row);
}
