using ServingStack.Graphs;

namespace ServingStack.Compression.Tucker.Timing;

/// <summary>
/// A layer alone, whole or with weights of given ranks, as a graph that can be timed. The numbers in it do not matter, so a candidate costs
/// no decomposition.
/// </summary>
internal static class LayerGraph
{
    private const string Name = "layer";

    /// <summary>Whether a step of the graph's plan is the layer's, and not what brings its input and output into shape.</summary>
    public static bool Owns(string step) => step == Name || step.StartsWith(Name + ".", StringComparison.Ordinal);

    public static Graph Of(TuckerLayer layer, RankPair? ranks)
    {
        var node = layer.Node;
        var graph = new Graph("layer");
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(layer.InputShape));
        var y = new Value("y") { ElementType = ElementType.Float32 };
        var weights = graph.AddConstant(node.Inputs[1]!.Constant!, "weights");
        var attributes = new AttributeMap();
        foreach (var (name, value) in node.Attributes) attributes.Add(name, value);
        var copy = graph.Add(new Node(node.OpType, [x, weights], [y], Name) { Attributes = attributes });
        graph.Outputs.Add(y);
        if (ranks is { } pair) layer.Form.Write(graph, copy, [.. Enumerable.Range(0, layer.Groups).Select(_ => Hollow(layer, pair))]);
        ShapeInference.Run(graph);
        return graph;
    }

    private static TuckerDecomposition Hollow(TuckerLayer layer, RankPair ranks)
    {
        var depth = ranks.Inputs ?? layer.Inputs;
        var core = new KernelTensor(ranks.Outputs, depth, layer.Taps, new double[ranks.Outputs * depth * layer.Taps]);
        return new(core, ranks.Inputs is { } rank ? MathNet.Numerics.LinearAlgebra.Matrix<double>.Build.Dense(layer.Inputs, rank) : null,
            MathNet.Numerics.LinearAlgebra.Matrix<double>.Build.Dense(layer.Outputs, ranks.Outputs), 0);
    }
}
