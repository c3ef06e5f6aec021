using System.Globalization;
using ServingStack.Compression.Evaluation;
using ServingStack.Graphs;
using ServingStack.Graphs.Onnx;
using ServingStack.Graphs.Passes;

namespace ServingStack.Compression.Quantization;

/// <summary>
/// Brings a float model to eight bits as plain ONNX: QuantizeLinear and DequantizeLinear around each quantized operator, weights stored as
/// signed bytes. Any ONNX Runtime runs the file; integer kernels recognize the pattern.
/// </summary>
public sealed class Int8Quantizer
{
    private readonly Graph _graph;
    private readonly ILabelledRows _calibration;
    private readonly Int8Options _options;
    private readonly Dictionary<string, ActivationQuantization> _ranges;
    private readonly IReadOnlyDictionary<string, PatchMoments> _moments;

    private Int8Quantizer(Graph model, ILabelledRows calibration, Int8Options options)
    {
        (_graph, _calibration, _options) = (Copy(model), calibration, options);
        Pipeline.Run(_graph, passes: Pipeline.Exportable);
        var scope = new QuantizationScope(_graph, options);
        var layers = LayersOf(_graph, scope);
        if (layers.Length == 0)
            throw new NotSupportedException($"Model '{model.Name}' has no Conv, Gemm or MatMul with constant weights to quantize.");
        QuantizationChecks.Check(_graph, calibration, options.CalibrationRows);
        QuantizationChecks.CheckWeights(layers);
        _ranges = new Calibrator(calibration, options.CalibrationRows, options.Ranges)
            .Run(_graph, scope.Activations(_graph).Select(v => v.Name).ToHashSet());
        _moments = options.LearnedRounding
            ? PatchMoments.Collect(_graph, layers, calibration, Math.Min(options.CalibrationRows, MomentRows))
            : new Dictionary<string, PatchMoments>();
    }

    /// <summary>Moments and shadow errors settle within so many rows.</summary>
    private const int MomentRows = 200;

    /// <summary>Quantizes a copy; the model stays as it is.</summary>
    /// <exception cref="NotSupportedException">The model has no layer that can be quantized, does not stay finite on the rows, or can't hold
    /// the budget.</exception>
    public static Int8Result Quantize(Graph model, ILabelledRows calibration, Int8Options options)
    {
        var quantizer = new Int8Quantizer(model, calibration, options);
        var errors = quantizer.ShadowErrors();
        return options.Budget is null ? quantizer.Write(options, errors)
            : new SelectiveSearch(model, calibration, options).Run(errors, keep => quantizer.Write(options with { Keep = keep }, errors));
    }

    /// <summary>Writes the model with the nodes of <paramref name="options"/> kept in floats; calibration is not repeated.</summary>
    private Int8Result Write(Int8Options options, IReadOnlyList<OperatorError> errors)
    {
        var graph = Copy(_graph);
        ShapeInference.Run(graph);
        var scope = new QuantizationScope(graph, options);
        var quantized = scope.In(graph).Select(n => $"{n.OpType} {n.Name}").ToArray();
        var kept = graph.Nodes.Where(n => !scope.Contains(n)).Select(n => $"{n.OpType} {n.Name}").ToArray();
        new QdqWriter(graph, scope, RangesFor(graph, scope), WeightsOf).Write(scope.Activations(graph), LayersOf(graph, scope));
        ShapeInference.Run(graph);
        graph.Metadata["quantization"] = string.Create(CultureInfo.InvariantCulture,
            $"int8 QDQ; weights signed, symmetric, per {(options.Grain == WeightGrain.Tensor ? "tensor" : "channel")}; activations unsigned, " +
            $"{options.Ranges} over {Math.Min(options.CalibrationRows, _calibration.Count)} rows{(options.LearnedRounding ? "; learned rounding" : "")}");
        return new(graph, quantized, kept) { Errors = errors };
    }

    private Dictionary<string, ActivationQuantization> RangesFor(Graph graph, QuantizationScope scope)
    {
        var ranges = new Dictionary<string, ActivationQuantization>(_ranges);
        if (_options.NetAware) ConsumerRanges.Narrow(graph, scope, ranges);
        ConcatRanges.Join(graph, scope, ranges);
        return ranges;
    }

    private LayerQuantization WeightsOf(Node layer) => LayerQuantization.Of(
        layer.Inputs[1]!.Constant!, QuantizableOperators.ChannelAxis(layer)!.Value, _options.Grain,
        _moments.GetValueOrDefault(layer.Outputs[0].Name));

    private IReadOnlyList<OperatorError> ShadowErrors()
    {
        var scope = new QuantizationScope(_graph, _options);
        var ranges = RangesFor(_graph, scope);
        var shadows = new ShadowErrors(
            (graph, layer, x) => ranges.TryGetValue(x.Name, out var range) ? QdqWriter.RoundTrip(graph, x, range) : x,
            layer => WeightsOf(layer).Floats(layer.Inputs[1]!.Constant!, QuantizableOperators.ChannelAxis(layer)!.Value));
        return shadows.Measure(_graph, LayersOf(_graph, scope), _calibration, Math.Min(_options.CalibrationRows, MomentRows));
    }

    private static Node[] LayersOf(Graph graph, QuantizationScope scope) =>
        [.. scope.In(graph).Where(n => QuantizableOperators.RoleOf(n) == QuantizedRole.Layer)];

    private static Graph Copy(Graph graph) => OnnxReader.Load(OnnxWriter.ToBytes(graph), graph.Name);
}

/// <summary>The quantized model, and which nodes now compute on integers or stayed in floats, as <c>operator name</c>.</summary>
public sealed record Int8Result(Graph Graph, IReadOnlyList<string> Quantized, IReadOnlyList<string> KeptInFloat)
{
    /// <summary>The shadow errors of the layers, in the graph's order.</summary>
    public IReadOnlyList<OperatorError> Errors { get; init; } = [];
}
