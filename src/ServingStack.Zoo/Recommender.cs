using ServingStack.Graphs;

namespace ServingStack.Zoo;

/// <summary>
/// A deep recommender (Naumov et al. 2019, DLRM): a table of embeddings a categorical column, a bottom network for the dense features, both
/// concatenated into a top network, a sigmoid. Inputs <c>categorical</c> [batch, columns] of ids and <c>dense</c> [batch, features] of raw
/// numbers, standardized inside; output <c>probability</c> [batch, 1].
/// </summary>
public static class Recommender
{
    /// <summary>How many standard deviations of a dense feature the network gets to see.</summary>
    private const float DenseBound = 4;

    /// <summary>What to build. <paramref name="Categories"/> counts each categorical column's ids; a dense feature has a mean and a
    /// deviation.</summary>
    public sealed record Configuration(IReadOnlyList<int> Categories, IReadOnlyList<float> DenseMeans, IReadOnlyList<float> DenseDeviations)
    {
        public int EmbeddingWidth { get; init; } = 8;
        public IReadOnlyList<int> BottomWidths { get; init; } = [32, 16];
        public IReadOnlyList<int> TopWidths { get; init; } = [64, 32];
    }

    /// <summary>Builds the network; the same seed gives the same weights.</summary>
    public static Graph Create(Configuration configuration, int seed)
    {
        var graph = new Graph("recommender");
        var layers = new Layers(graph, new Random(seed));
        var batch = Dimension.Named("batch");
        var categorical = graph.AddInput("categorical", ElementType.Int64, new Shape(batch, configuration.Categories.Count));
        var dense = graph.AddInput("dense", ElementType.Float32, new Shape(batch, configuration.DenseMeans.Count));

        var standardized = layers.Standardize(dense, [.. configuration.DenseMeans], [.. configuration.DenseDeviations], DenseBound,
            "standardized");
        List<Value> features = [Network(layers, standardized, configuration.DenseMeans.Count, configuration.BottomWidths, "bottom")];
        for (var c = 0; c < configuration.Categories.Count; c++)
            features.Add(layers.Embedding(layers.Column(categorical, c, $"ids{c}"), configuration.Categories[c],
                configuration.EmbeddingWidth, $"embedding{c}"));

        var width = configuration.BottomWidths[^1] + (configuration.Categories.Count * configuration.EmbeddingWidth);
        var top = Network(layers, layers.Concat(features, "features"), width, configuration.TopWidths, "top");
        var probability = layers.Sigmoid(layers.Linear(top, configuration.TopWidths[^1], 1, "logit"), "probability");
        probability.ElementType = ElementType.Float32;
        probability.Shape = new Shape(batch, 1);
        graph.Outputs.Add(probability);
        return graph;
    }

    private static Value Network(Layers layers, Value x, int inputs, IReadOnlyList<int> widths, string name)
    {
        for (var i = 0; i < widths.Count; i++)
        {
            x = layers.Relu(layers.Linear(x, inputs, widths[i], $"{name}{i + 1}"), $"{name}{i + 1}.relu");
            inputs = widths[i];
        }
        return x;
    }
}
