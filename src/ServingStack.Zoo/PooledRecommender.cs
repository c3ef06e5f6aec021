using ServingStack.Graphs;
using ServingStack.Zoo.Networks;

namespace ServingStack.Zoo;

/// <summary>
/// A deep recommender whose categorical columns have many values each (Naumov et al. 2019, DLRM): the rows that a column's ids look up are
/// summed; the sums and the bottom network's output, side by side, go through the top network. Inputs <c>dense</c> [batch, features] and
/// <c>ids0</c>, <c>ids1</c>, ... [batch, ids a column]; output <c>probability</c> [batch, 1].
/// </summary>
public sealed record PooledRecommender
{
    public int Columns { get; init; } = 26;

    /// <summary>Ids of a column in each sample.</summary>
    public int IdsPerColumn { get; init; } = 64;

    /// <summary>Rows of each table.</summary>
    public int Rows { get; init; } = 20_000;

    public int EmbeddingWidth { get; init; } = 64;

    public int DenseFeatures { get; init; } = 13;

    public IReadOnlyList<int> BottomWidths { get; init; } = [512, 256, 64];

    public IReadOnlyList<int> TopWidths { get; init; } = [512, 256, 1];

    /// <summary>Tables as bytes with one scale, dequantized behind the lookup.</summary>
    public bool QuantizedTables { get; init; }

    /// <summary>Builds the network; the same seed gives the same weights.</summary>
    public Graph Create(int seed)
    {
        var (graph, numbers) = (new Graph("pooled_recommender"), new SeededNumbers(seed));
        var batch = Dimension.Named("batch");
        var dense = graph.AddInput("dense", ElementType.Float32, new Shape(batch, DenseFeatures));
        List<Value> features = [Network(graph, numbers, dense, DenseFeatures, BottomWidths, "bottom")];
        for (var column = 0; column < Columns; column++)
            features.Add(Bag(graph, numbers, graph.AddInput($"ids{column}", ElementType.Int64, new Shape(batch, IdsPerColumn)), column));
        var joined = graph.Add("Concat", new AttributeMap { ["axis"] = 1L }, [.. features]);
        var width = BottomWidths[^1] + (Columns * EmbeddingWidth);
        var probability = graph.Add("Sigmoid", Network(graph, numbers, joined, width, TopWidths, "top"));
        (probability.Name, probability.ElementType, probability.Shape) = ("probability", ElementType.Float32, new Shape(batch, TopWidths[^1]));
        graph.Outputs.Add(probability);
        return graph;
    }

    private Value Bag(Graph graph, SeededNumbers numbers, Value ids, int column)
    {
        var rows = graph.Add("Gather", Table(graph, numbers, $"table{column}"), ids);
        if (QuantizedTables)
            rows = graph.Add("DequantizeLinear", rows, graph.AddConstant(Tensor.Scalar(1 / 1024f)), graph.AddConstant(Tensor.Scalar((byte)128)));
        return graph.Add("ReduceSum", new AttributeMap { ["keepdims"] = 0L }, rows, graph.AddConstant(Tensor.From<long>([1], 1)));
    }

    private Value Table(Graph graph, SeededNumbers numbers, string name)
    {
        // Sums of many rows stay near 1.
        var values = numbers.Normal(Rows * EmbeddingWidth, Math.Sqrt(1.0 / IdsPerColumn));
        if (!QuantizedTables) return graph.AddConstant(Tensor.From<float>(values, Rows, EmbeddingWidth), name);
        var bytes = Array.ConvertAll(values, x => (byte)Math.Clamp(MathF.Round(x * 1024) + 128, 0, 255));
        return graph.AddConstant(Tensor.From<byte>(bytes, Rows, EmbeddingWidth), name);
    }

    private static Value Network(Graph graph, SeededNumbers numbers, Value x, int inputs, IReadOnlyList<int> widths, string name)
    {
        for (var i = 0; i < widths.Count; i++)
        {
            var weights = numbers.Normal(widths[i] * inputs, Math.Sqrt(2.0 / inputs));
            x = graph.Add("Gemm", new AttributeMap { ["transB"] = 1L }, x,
                graph.AddConstant(Tensor.From<float>(weights, widths[i], inputs), $"{name}{i}.weight"),
                graph.AddConstant(Tensor.From<float>(numbers.Uniform(widths[i], -0.1, 0.1), widths[i]), $"{name}{i}.bias"));
            // The last number of all is a logit.
            if (widths[i] > 1) x = graph.Add("Relu", x);
            inputs = widths[i];
        }
        return x;
    }
}
