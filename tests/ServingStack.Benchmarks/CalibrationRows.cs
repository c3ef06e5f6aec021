using ServingStack.Compression.Evaluation;
using ServingStack.Graphs;

namespace ServingStack.Benchmarks;

/// <summary>Seeded noise in the shape of a network's input, to calibrate a network of seeded weights on.</summary>
internal sealed class CalibrationRows(Shape input, int count) : ILabelledRows
{
    public int Count => count;

    public Tensor[] Inputs(int first, int rows)
    {
        long[] shape = [rows, .. input.Skip(1).Select(d => d.Value)];
        var values = new float[shape.Aggregate(1L, (product, extent) => product * extent)];
        Numbers.Fill(new Random(37 + first), values);
        return [Tensor.From<float>(values, shape)];
    }

    public float Target(int row) => 0;
}
