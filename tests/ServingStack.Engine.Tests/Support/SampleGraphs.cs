using ServingStack.Graphs;

namespace ServingStack.Engine.Tests.Support;

/// <summary>Small networks with seeded weights and a symbolic batch, of the kinds that the server is made for.</summary>
internal static class SampleGraphs
{
    public static readonly IReadOnlyDictionary<string, Func<Graph>> All = new Dictionary<string, Func<Graph>>
    {
        ["residual"] = () => Residual(quantized: false),
        ["residual int8"] = () => Residual(quantized: true),
        ["recommender"] = Recommender,
    };

    /// <summary>Seeded inputs of a graph for a batch: floats, or indices that every table of these graphs has.</summary>
    public static Tensor[] Inputs(Graph graph, int batch, int seed)
    {
        var random = new Random(seed);
        return [.. graph.Inputs.Select(input =>
        {
            long[] shape = [batch, .. input.Shape!.Skip(1).Select(d => d.Value)];
            if (input.ElementType == ElementType.Float32) return Tensors.Floats(random, shape);
            var indices = Enumerable.Range(0, (int)shape.Aggregate((a, b) => a * b)).Select(_ => (long)random.Next(-Rows, Rows)).ToArray();
            return Tensor.From<long>(indices, shape);
        })];
    }

    /// <summary>Rows of the recommender's tables.</summary>
    public const int Rows = 37;

    /// <summary>Convolution, a residual block with a strided shortcut, global pooling, a layer; sizes are off every tile's edge.</summary>
    public static Graph Residual(bool quantized)
    {
        var builder = new LayerBuilder(new Random(3), quantized);
        var graph = builder.Graph;
        var x = graph.AddInput("image", ElementType.Float32, new Shape(Dimension.Named("batch"), 3, 15, 17));
        var stem = builder.Activated(builder.Convolution(builder.Quantized(x), 3, 20, 3, 1));
        var inner = builder.Activated(builder.Convolution(stem, 20, 36, 3, 2));
        var sum = graph.Add("Add", builder.Convolution(inner, 36, 36, 3, 1), builder.Convolution(stem, 20, 36, 1, 2));
        var pooled = builder.Quantized(graph.Add("GlobalAveragePool", builder.Activated(sum)));
        var flat = graph.Add("Flatten", pooled);
        graph.Outputs.Add(builder.Layer(flat, 36, 10));
        return Finish(graph, "logits");
    }

    /// <summary>Two embeddings and numbers, joined, through two layers.</summary>
    public static Graph Recommender()
    {
        var builder = new LayerBuilder(new Random(4), false);
        var graph = builder.Graph;
        var user = graph.AddInput("user", ElementType.Int64, new Shape(Dimension.Named("batch")));
        var item = graph.AddInput("item", ElementType.Int64, new Shape(Dimension.Named("batch")));
        var dense = graph.AddInput("dense", ElementType.Float32, new Shape(Dimension.Named("batch"), 5));
        var joined = graph.Add(
            "Concat", new AttributeMap { ["axis"] = 1L }, graph.Add("Gather", builder.Weights(Rows, 8), user), graph.Add("Gather", builder.Weights(Rows, 12), item), dense);
        var hidden = graph.Add("Relu", builder.Layer(joined, 25, 33));
        graph.Outputs.Add(graph.Add("Sigmoid", builder.Layer(hidden, 33, 1)));
        return Finish(graph, "probability");
    }

    private static Graph Finish(Graph graph, string output)
    {
        graph.Outputs[0].Name = output;
        ShapeInference.Run(graph);
        return graph;
    }
}
