using ServingStack.Compression.Evaluation;
using ServingStack.Engine;
using ServingStack.Graphs;
using ServingStack.Graphs.Onnx;

namespace ServingStack.Compression.Quantization;

/// <summary>
/// The error of each layer by itself: beside every layer of a float graph stands its shadow, which reads the same input and computes on
/// quantized numbers; what they differ by is summed up in the graph (Park et al. 2018, section 3.2.2, selective quantization).
/// </summary>
/// <param name="input">Writes what makes a layer's input quantized; its result is what the shadow reads.</param>
/// <param name="weights">The weights of a shadow.</param>
internal sealed class ShadowErrors(Func<Graph, Node, Value, Value> input, Func<Node, Tensor> weights)
{
    private const int Batch = 25;

    public IReadOnlyList<OperatorError> Measure(Graph graph, IReadOnlyList<Node> layers, ILabelledRows rows, int rowCount)
    {
        if (layers.Count == 0) return [];
        var outputs = layers.Select(l => l.Outputs[0].Name).ToHashSet();
        using var model = CompiledModel.Compile(WithShadows(graph, outputs), new EngineOptions { ForceOnnxRuntime = true, Threads = 0 });
        using var session = model.CreateSession();
        var sums = new double[2 * layers.Count];
        var first = model.Outputs.Count - sums.Length;
        for (var row = 0; row < Math.Min(rowCount, rows.Count); row += Batch)
        {
            var results = session.Run(rows.Inputs(row, Math.Min(Batch, Math.Min(rowCount, rows.Count) - row)));
            for (var i = 0; i < sums.Length; i++) sums[i] += results[first + i].As<float>()[0];
        }
        return [.. layers.Select((l, i) => new OperatorError(l.Name, l.OpType, Ratio(sums[2 * i], sums[(2 * i) + 1])))];
    }

    private static double Ratio(double signal, double noise) =>
        noise == 0 ? double.PositiveInfinity : 10 * Math.Log10(Math.Max(signal, double.Epsilon) / noise);

    private Graph WithShadows(Graph graph, HashSet<string> outputs)
    {
        var copy = OnnxReader.Load(OnnxWriter.ToBytes(graph), graph.Name);
        ShapeInference.Run(copy);
        foreach (var layer in copy.Nodes.Where(n => n.Outputs.Count > 0 && outputs.Contains(n.Outputs[0].Name)).ToArray())
        {
            var inputs = layer.Inputs.ToArray();
            (inputs[0], inputs[1]) = (input(copy, layer, inputs[0]!), copy.AddConstant(weights(layer)));
            var shadow = new Value(copy.FreshName("shadow"));
            copy.Add(new Node(layer.OpType, inputs, [shadow], copy.FreshName("shadow")) { Attributes = layer.Attributes });
            copy.Outputs.Add(Energy(copy, layer.Outputs[0]));
            copy.Outputs.Add(Energy(copy, copy.Add("Sub", layer.Outputs[0], shadow)));
        }
        ShapeInference.Run(copy);
        return copy;
    }

    private static Value Energy(Graph graph, Value value) => graph.Add("ReduceSumSquare", new AttributeMap { { "keepdims", 0L } }, value);
}
