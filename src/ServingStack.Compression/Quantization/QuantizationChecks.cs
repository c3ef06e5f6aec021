using ServingStack.Compression.Evaluation;
using ServingStack.Graphs;

namespace ServingStack.Compression.Quantization;

/// <summary>Refuses calibration rows and weights that no quantization could be chosen by.</summary>
internal static class QuantizationChecks
{
    public static void Check(Graph graph, ILabelledRows rows, int rowCount)
    {
        if (rowCount < 1) throw new QuantizationException($"Calibration on {rowCount} rows; expected 1 or more.");
        if (rows.Count == 0) throw new QuantizationException($"There are no calibration rows for '{graph.Name}'; give some that the model will see.");
        var inputs = rows.Inputs(0, 1);
        if (inputs.Length != graph.Inputs.Count)
            throw new QuantizationException($"The calibration rows have {inputs.Length} tensors, but '{graph.Name}' takes " +
                $"{graph.Inputs.Count} inputs; give rows of the model's own inputs.");
        for (var i = 0; i < inputs.Length; i++) Check(graph.Inputs[i], inputs[i]);
    }

    public static void CheckWeights(IEnumerable<Node> layers)
    {
        foreach (var layer in layers)
            foreach (var weight in layer.Inputs[1]!.Constant!.As<float>())
                if (!float.IsFinite(weight))
                    throw new NotSupportedException($"{layer} has a weight that is {weight}; weights must be finite to be quantized. " +
                        "Train the model again, or keep this node in floats.");
    }

    private static void Check(Value input, Tensor row)
    {
        var fits = input.ElementType == row.ElementType && (input.Shape is not { } shape || (shape.Rank == row.Rank
            && shape.Skip(1).Zip(row.Dimensions.Skip(1)).All(p => !p.First.IsFixed || p.First.Value == p.Second)));
        if (!fits)
            throw new QuantizationException($"Calibration rows are {row.ElementType} {row.Shape}, but input '{input.Name}' is " +
                $"{input.ElementType} {input.Shape}; give rows that fit the model.");
    }
}
