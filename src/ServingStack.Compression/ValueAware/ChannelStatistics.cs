using ServingStack.Compression.Evaluation;
using ServingStack.Engine;
using ServingStack.Graphs;
using ServingStack.Graphs.Onnx;

namespace ServingStack.Compression.ValueAware;

/// <summary>Mean and deviation of each channel of a layer's output over some rows; the sums are made in the graph.</summary>
internal sealed record ChannelStatistics(double[] Mean, double[] Deviation)
{
    private const int Batch = 25;

    /// <summary>Those of the named values: convolutions' with channels on axis 1, others' on the last.</summary>
    public static Dictionary<string, ChannelStatistics> Measure(Graph graph, IReadOnlySet<string> names, ILabelledRows rows, int rowCount)
    {
        var copy = OnnxReader.Load(OnnxWriter.ToBytes(graph), graph.Name);
        ShapeInference.Run(copy);
        var watched = copy.Nodes.SelectMany(n => n.Outputs).Where(v => names.Contains(v.Name)).ToArray();
        copy.Outputs.AddRange(watched.SelectMany(v => (Value[])[MeanOf(copy, v, v), MeanOf(copy, v, copy.Add("Mul", v, v))]));
        ShapeInference.Run(copy);
        using var model = CompiledModel.Compile(copy, new EngineOptions { ForceOnnxRuntime = true, Threads = 0 });
        using var session = model.CreateSession();
        var sums = new double[2 * watched.Length][];
        var first = model.Outputs.Count - sums.Length;
        var count = Math.Max(Batch, Math.Min(rowCount, rows.Count) / Batch * Batch);
        for (var row = 0; row < count; row += Batch)
        {
            var results = session.Run(rows.Inputs(row, Math.Min(Batch, rows.Count - row)));
            for (var i = 0; i < sums.Length; i++) sums[i] = Added(sums[i], results[first + i].As<float>(), (double)Batch / count);
        }
        return watched.Select((v, i) => (v.Name, Of(sums[2 * i], sums[(2 * i) + 1]))).ToDictionary(p => p.Name, p => p.Item2);
    }

    private static ChannelStatistics Of(double[] mean, double[] square) =>
        new(mean, [.. mean.Zip(square, (m, s) => Math.Sqrt(Math.Max(0, s - (m * m))))]);

    private static double[] Added(double[]? sum, ReadOnlySpan<float> values, double weight)
    {
        sum ??= new double[values.Length];
        for (var i = 0; i < sum.Length; i++) sum[i] += values[i] * weight;
        return sum;
    }

    private static Value MeanOf(Graph graph, Value layer, Value value)
    {
        var channels = layer.Producer!.OpType == "Conv" ? 1 : layer.Shape!.Rank - 1;
        var axes = Enumerable.Range(0, layer.Shape!.Rank).Where(a => a != channels).Select(a => (long)a).ToArray();
        return graph.Add("ReduceMean", new AttributeMap { { "keepdims", 0L } }, value, graph.AddConstant(Tensor.From<long>(axes, axes.Length)));
    }
}
