using ServingStack.Compression.Tucker;
using ServingStack.Graphs;

namespace ServingStack.Compression.Tests.Tucker;

/// <summary>Layers as the compressor finds them, made of planted weights.</summary>
internal static class PlantedLayer
{
    /// <summary>A fully-connected layer.</summary>
    public static TuckerLayer Create(int outputs, int inputs, int outputRank, double noise, int seed)
    {
        var weights = PlantedMatrix.Create(new Random(seed), outputs, inputs, outputRank, noise).ToRowMajorArray();
        var graph = new Graph("planted");
        var x = graph.AddInput("x", ElementType.Float32, new Shape(Dimension.Named("batch"), inputs));
        var w = graph.AddConstant(Tensor.From<float>(Array.ConvertAll(weights, v => (float)v), outputs, inputs), "w");
        graph.Outputs.Add(graph.Add("Gemm", new AttributeMap { { "transB", 1L } }, x, w));
        return Layers(graph).Single();
    }

    public static IReadOnlyList<TuckerLayer> Layers(Graph graph, TuckerOptions? options = null)
    {
        ShapeInference.Run(graph);
        return new LayerFinder(options ?? new()).Find(graph).Layers;
    }
}
