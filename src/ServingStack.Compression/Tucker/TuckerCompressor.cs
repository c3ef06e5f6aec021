using ServingStack.Compression.Tucker.Calibration;
using ServingStack.Compression.Tucker.Ranks;
using ServingStack.Graphs;
using ServingStack.Graphs.Onnx;
using ServingStack.Graphs.Passes;

namespace ServingStack.Compression.Tucker;

/// <summary>
/// Compresses a whole network in one shot (Kim et al. 2016): chooses ranks for every layer, decomposes each kernel by Tucker's model, and
/// puts a chain of plain operators in its place. Batch normalization stays behind the chain, so that the result can be fine-tuned.
/// </summary>
public static class TuckerCompressor
{
    /// <summary>Batch normalization is what fine-tuning adapts first; the engine folds it at load time.</summary>
    private static readonly IPass[] Preparation = [.. Pipeline.Exportable.Where(p => p is not FoldBatchNormalization)];

    /// <summary>Compresses a copy; the model stays as it is.</summary>
    /// <exception cref="TuckerException">Ranks out of range, a named layer that cannot be decomposed, a budget that no ranks
    /// meet.</exception>
    public static TuckerResult Compress(Graph model, TuckerOptions options)
    {
        var graph = Prepare(model);
        var (layers, skipped) = new LayerFinder(options).Find(graph);
        if (layers.Count == 0)
            throw new TuckerException($"Model '{model.Name}' has no layer that can be decomposed" +
                $"{string.Concat(skipped.Select(s => $"; {s.Name}: {s.Reason}"))}.");
        if (options.Calibration is { } seen)
            foreach (var (layer, statistics) in InputStatistics.Collect(graph, layers, seen, options.CalibrationRows))
                layer.Weigh(statistics);
        var choices = Choose(layers, skipped.Sum(s => s.Flops), options);
        var order = graph.Nodes.Select((node, index) => (node, index)).ToDictionary(p => p.node, p => p.index);
        var rows = skipped.Select(s => (order[s.Node], WholeRow(s)))
            .Concat(layers.Select((layer, i) => (order[layer.Node], Apply(graph, layer, choices[i], options.Iterations))))
            .OrderBy(p => p.Item1).Select(p => p.Item2).ToArray();
        ShapeInference.Run(graph);
        return new(graph, rows, options.Calibration is null ? options.Selector.Description
            : $"{options.Selector.Description}, calibrated on {Math.Min(options.CalibrationRows, options.Calibration.Count)} rows");
    }

    /// <summary>A copy in the form that is decomposed and trained: constants folded, identities gone.</summary>
    public static Graph Prepare(Graph model)
    {
        var graph = OnnxReader.Load(OnnxWriter.ToBytes(model), model.Name);
        Pipeline.Run(graph, passes: Preparation);
        return graph;
    }

    private static RankChoice[] Choose(IReadOnlyList<TuckerLayer> layers, long skippedFlops, TuckerOptions options)
    {
        var given = layers.Where(l => options.Ranks.ContainsKey(l.Name)).ToArray();
        var open = layers.Except(given).ToArray();
        var fixedFlops = skippedFlops + given.Sum(l => l.FlopsAt(options.Ranks[l.Name]));
        var selected = open.Length == 0 ? [] : options.Selector.Select(open, fixedFlops);
        return [.. layers.Select(l => options.Ranks.TryGetValue(l.Name, out var ranks) ? new(ranks) : selected[Array.IndexOf(open, l)])];
    }

    private static LayerRow Apply(Graph graph, TuckerLayer layer, RankChoice choice, int iterations)
    {
        var shape = $"{layer.Outputs} x {layer.Inputs} x {layer.Taps}{(layer.Groups > 1 ? $", {layer.Groups} groups" : "")}";
        if (choice.Ranks is not { } ranks)
            return new(layer.Name, shape, "", null, choice.Reason, 0, layer.Parameters, layer.Parameters, layer.Flops, layer.Flops);
        var parts = layer.Decompose(ranks, iterations);
        var before = graph.Nodes.ToHashSet();
        layer.Write(graph, parts);
        var error = Math.Sqrt(parts.Average(p => p.RelativeError * p.RelativeError));
        return new(layer.Name, shape, layer.Method, ranks, "", error, layer.Parameters, layer.ParametersAt(ranks), layer.Flops,
            layer.FlopsAt(ranks))
        {
            Nodes = [.. graph.Nodes.Where(n => !before.Contains(n)).Select(n => n.Name)],
        };
    }

    private static LayerRow WholeRow(SkippedLayer layer) => new(layer.Name, layer.Node.Input(1)?.Shape?.ToString() ?? "", "", null,
        layer.Reason, 0, layer.Parameters, layer.Parameters, layer.Flops, layer.Flops);
}
