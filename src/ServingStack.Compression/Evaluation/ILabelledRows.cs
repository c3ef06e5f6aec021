using ServingStack.Graphs;

namespace ServingStack.Compression.Evaluation;

/// <summary>Rows with known answers, ready for a model: what calibration and evaluation run on.</summary>
public interface ILabelledRows
{
    int Count { get; }

    /// <summary>The model's inputs, in its order, for some rows that follow each other; extent 0 is <paramref name="count"/>.</summary>
    Tensor[] Inputs(int first, int count);

    /// <summary>The right answer: a class index, or 0 or 1 for a probability.</summary>
    float Target(int row);
}
