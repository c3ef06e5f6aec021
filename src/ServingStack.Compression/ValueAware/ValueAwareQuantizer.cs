using System.Globalization;
using ServingStack.Compression.Evaluation;
using ServingStack.Compression.Quantization;
using ServingStack.Graphs;
using ServingStack.Graphs.Onnx;
using ServingStack.Graphs.Passes;

namespace ServingStack.Compression.ValueAware;

/// <summary>
/// Value-aware quantization (Park, Yoo, Vajda 2018): most weights and activations in a few bits, the few large ones in 16. The result is
/// ONNX with two model-local functions in standard operators, see <see cref="Graphs.ValueAware.ValueAwareFunctions"/>.
/// </summary>
public sealed class ValueAwareQuantizer
{
    private const int MomentRows = 200;
    private const int RecalibrationRows = 200;

    private readonly Graph _graph;
    private readonly ILabelledRows _rows;
    private readonly IReadOnlyList<Node> _nodes;
    private readonly IReadOnlyDictionary<string, PatchMoments> _moments;
    private readonly IReadOnlyDictionary<string, ActivationSamples> _samples;
    private readonly Lazy<Dictionary<string, ChannelStatistics>> _exact;
    private readonly int _rowCount;

    /// <summary>Calibrates once; then a model can be written with different options.</summary>
    /// <exception cref="NotSupportedException">A model without layers, or that does not stay finite on the rows.</exception>
    public ValueAwareQuantizer(Graph model, ILabelledRows calibration, ValueAwareOptions options)
    {
        options.Check();
        (_graph, _rows, _rowCount) = (Copy(model), calibration, options.CalibrationRows);
        Pipeline.Run(_graph, passes: Pipeline.Exportable);
        _nodes = [.. _graph.Nodes.Where(n => QuantizableOperators.RoleOf(n) == QuantizedRole.Layer && n.Inputs[0] is { Constant: null }
            && QuantizableOperators.ChannelAxis(n) is not null && !options.Keep.Contains(n.Name))];
        if (_nodes.Count == 0)
            throw new NotSupportedException($"Model '{model.Name}' has no Conv, Gemm or MatMul with constant weights to quantize.");
        QuantizationChecks.Check(_graph, calibration, options.CalibrationRows);
        QuantizationChecks.CheckWeights(_nodes);
        _moments = PatchMoments.Collect(_graph, _nodes, calibration, Math.Min(_rowCount, MomentRows));
        _samples = ActivationSamples.Collect(_graph, _nodes.Select(n => n.Inputs[0]!.Name).ToHashSet(), calibration, _rowCount);
        _exact = new(() => ChannelStatistics.Measure(_graph, OutputsOf(_nodes), _rows, Math.Min(_rowCount, RecalibrationRows)));
    }

    /// <summary>Quantizes a copy; the model stays as it is.</summary>
    public static ValueAwareResult Quantize(Graph model, ILabelledRows calibration, ValueAwareOptions options) =>
        new ValueAwareQuantizer(model, calibration, options).Write(options);

    /// <summary>Writes the model that these options make; the rows of the calibration stay those of the constructor's.</summary>
    public ValueAwareResult Write(ValueAwareOptions options)
    {
        options.Check();
        var layers = _nodes.Select((n, i) => new ValueAwareLayer(n, i == 0 || i == _nodes.Count - 1 ? options.EdgeBits : options.Bits)).ToArray();
        var shares = SharesOf(layers, options);
        for (var i = 0; i < layers.Length; i++)
        {
            layers[i].Weights = CodesOf(layers[i], options).Quantize(shares[i]);
            if (!options.WeightsOnly)
                layers[i].Activations = ActivationCodes.Of(_samples[layers[i].Node.Inputs[0]!.Name], layers[i].Bits, options.Large);
        }
        if (options.Recalibrate) Recalibrate(layers);
        var graph = Written(layers);
        graph.Metadata["quantization"] = string.Create(CultureInfo.InvariantCulture,
            $"value-aware; {options.Bits} bits, {100 * options.Large:0.##} % large in 16 bits, first and last layer {options.EdgeBits} bits; " +
            $"{(options.WeightsOnly ? "weights only" : "weights and activations")}, {Math.Min(_rowCount, _rows.Count)} rows");
        return new(graph, [.. layers.Select(Report)]) { Errors = Errors(layers) };
    }

    private double[] SharesOf(ValueAwareLayer[] layers, ValueAwareOptions options)
    {
        if (!options.BySensitivity || options.Large == 0) return Array.ConvertAll(layers, _ => options.Large);
        // Shares are compared by rounding to the nearest: learning would take long and changes all of them alike.
        var quick = Array.ConvertAll(layers, l => CodesOf(l, options with { LearnedRounding = false, Clip = false }));
        return LargeShares.Divide([.. layers.Select(l => (int)l.Matrix.Weights.ElementCount)],
            (i, share) => quick[i].RelativeError(quick[i].Quantize(share)), options.Large);
    }

    private WeightCodes CodesOf(ValueAwareLayer layer, ValueAwareOptions options) =>
        new(layer.Matrix, layer.Bits, options, _moments.GetValueOrDefault(layer.Output));

    /// <summary>Layer after layer, so that each is measured behind those that are calibrated already.</summary>
    private void Recalibrate(ValueAwareLayer[] layers)
    {
        foreach (var layer in layers.Where(l => l.TakesBias))
        {
            var found = ChannelStatistics.Measure(Written(layers), new HashSet<string> { layer.Output }, _rows,
                Math.Min(_rowCount, RecalibrationRows));
            layer.Recalibrate(_exact.Value[layer.Output], found[layer.Output]);
        }
    }

    private Graph Written(IEnumerable<ValueAwareLayer> layers)
    {
        var graph = Copy(_graph);
        ShapeInference.Run(graph);
        new ValueAwareWriter(graph).Write(layers);
        ShapeInference.Run(graph);
        return graph;
    }

    private IReadOnlyList<OperatorError> Errors(ValueAwareLayer[] layers)
    {
        var byOutput = layers.ToDictionary(l => l.Output);
        var shadows = new ShadowErrors(
            (graph, node, x) =>
            {
                if (byOutput[node.Outputs[0].Name].Activations is not { } codes) return x;
                Graphs.ValueAware.ValueAwareFunctions.AddTo(graph);
                return graph.Add(ValueAwareWriter.Call(graph, x, codes, graph.FreshName($"{x.Name}.small"))).Outputs[0];
            },
            node => byOutput[node.Outputs[0].Name].Floats());
        return shadows.Measure(_graph, _nodes, _rows, Math.Min(_rowCount, MomentRows));
    }

    private static ValueAwareLayerReport Report(ValueAwareLayer layer) => new(
        layer.Node.Name, layer.Node.OpType, layer.Bits, (double)layer.Weights.Large.Entries().Count() / layer.Weights.Codes.Length,
        layer.Activations, layer.Weights.Codes.Length, layer.Weights.CodeBits / 8, layer.Weights.ScaleBits / 8, layer.Weights.Large.GapBits / 8,
        layer.Weights.Large.ValueBits / 8);

    private static HashSet<string> OutputsOf(IEnumerable<Node> nodes) => nodes.Select(n => n.Outputs[0].Name).ToHashSet();

    private static Graph Copy(Graph graph) => OnnxReader.Load(OnnxWriter.ToBytes(graph), graph.Name);
}

/// <summary>A value-aware model and what became of its layers.</summary>
public sealed record ValueAwareResult(Graph Graph, IReadOnlyList<ValueAwareLayerReport> Layers)
{
    /// <summary>The shadow errors of the layers, in the graph's order.</summary>
    public IReadOnlyList<OperatorError> Errors { get; init; } = [];

    /// <summary>Bits of a weight, with all that belongs to it, on average.</summary>
    public double BitsPerWeight => 8.0 * Layers.Sum(l => l.Bytes) / Layers.Sum(l => (long)l.Weights);
}

/// <summary>One layer: its bits, the share of its large weights, and the bytes of its parts.</summary>
public sealed record ValueAwareLayerReport(
    string Name, string OpType, int Bits, double LargeShare, ActivationCodes? Activations, int Weights, long CodeBytes, long ScaleBytes,
    long IndexBytes, long LargeBytes)
{
    public long Bytes => CodeBytes + ScaleBytes + IndexBytes + LargeBytes;
}
