using ServingStack.Compression.Datasets;
using ServingStack.Graphs;

namespace ServingStack.Compression.Evaluation;

/// <summary>Photographs, decoded when asked for, as a classifier's input [count, 3, size, size].</summary>
public sealed class PhotographRows(ImageFolder photographs, ImagePreparation preparation) : ILabelledRows
{
    public int Count => photographs.Count;

    public Tensor[] Inputs(int first, int count)
    {
        var values = new float[count * preparation.ElementCount];
        for (var i = 0; i < count; i++)
            photographs.Read(first + i, preparation, values.AsSpan(i * preparation.ElementCount, preparation.ElementCount));
        return [Tensor.From<float>(values, count, 3, preparation.Size, preparation.Size)];
    }

    public float Target(int row) => photographs.Label(row);
}
