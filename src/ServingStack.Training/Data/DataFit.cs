using ServingStack.Graphs;
using static TorchSharp.torch;

namespace ServingStack.Training.Data;

/// <summary>Whether rows are what a graph takes, seen on the first of them, before hours are spent.</summary>
internal static class DataFit
{
    private const int Looked = 256;

    /// <exception cref="NotSupportedException">Shapes or labels do not fit; the message names both sides.</exception>
    public static void Check(Graph graph, Value logits, ITrainingData data)
    {
        using var scope = NewDisposeScope();
        var batch = data.Take(Enumerable.Range(0, Math.Min(Looked, data.Count)).ToArray());
        if (batch.Inputs.Count != graph.Inputs.Count)
            throw new NotSupportedException($"The data has {batch.Inputs.Count} inputs a row, '{graph.Name}' takes {graph.Inputs.Count}.");
        for (var i = 0; i < batch.Inputs.Count; i++)
            if (graph.Inputs[i].Shape is { } shape && !Fits(shape, batch.Inputs[i].shape))
                throw new NotSupportedException($"The data's rows are [{string.Join(", ", batch.Inputs[i].shape[1..])}], but input " +
                    $"'{graph.Inputs[i].Name}' of '{graph.Name}' is {shape}: choose the data that the model was made for.");
        if (logits.Shape is { Rank: 2 } scores && scores[1].IsFixed && batch.Targets.dtype == ScalarType.Int64
            && batch.Targets.max().item<long>() is var highest && highest >= scores[1].Value)
            throw new NotSupportedException($"The data has a label {highest}, but '{graph.Name}' tells {scores[1].Value} classes apart: " +
                "choose the data that the model was made for.");
    }

    private static bool Fits(Shape declared, long[] actual) => declared.Rank == actual.Length
        && Enumerable.Range(1, actual.Length - 1).All(axis => !declared[axis].IsFixed || declared[axis].Value == actual[axis]);
}
