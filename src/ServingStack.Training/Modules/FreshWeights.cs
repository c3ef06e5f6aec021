using ServingStack.Graphs;

namespace ServingStack.Training.Modules;

/// <summary>
/// Draws a graph's weights anew and keeps its structure: normal with variance 2 / fan-in for weights (He et al. 2015), the identity for
/// normalizations, zero for biases.
/// </summary>
public static class FreshWeights
{
    /// <summary>Replaces the constants in place; the same seed gives the same weights.</summary>
    public static void Draw(Graph graph, int seed)
    {
        var random = new Random(seed);
        foreach (var node in graph.Nodes)
        {
            if (node.OpType is "Conv" or "Gemm" or "MatMul")
            {
                Fill(node.Input(1), () => 0, w => Gauss(random) * Math.Sqrt(2.0 / FanIn(node, w)));
                Fill(node.Input(2), () => 0);
            }
            if (node.OpType != "BatchNormalization") continue;
            for (var i = 1; i <= 4; i++) Fill(node.Input(i), () => i is 1 or 4 ? 1 : 0);
        }
    }

    private static void Fill(Value? value, Func<double> number, Func<Tensor, double>? drawn = null)
    {
        if (value?.Constant is not { ElementType: ElementType.Float32 } constant) return;
        var values = new float[constant.ElementCount];
        for (var i = 0; i < values.Length; i++) values[i] = (float)(drawn?.Invoke(constant) ?? number());
        value.Constant = Tensor.From<float>(values, constant.Dimensions);
    }

    private static long FanIn(Node node, Tensor weights) =>
        node.OpType == "Conv" || node.Attributes.Int("transB", 0) != 0 ? weights.ElementCount / weights.Dimensions[0] : weights.Dimensions[^2];

    // Box and Muller 1958: two uniform numbers give a normal one.
    private static double Gauss(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
