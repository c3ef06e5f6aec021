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
public static class Int8Quantizer
{
    /// <summary>Quantizes a copy; the model stays as it is.</summary>
    /// <exception cref="NotSupportedException">The model has no layer that can be quantized, or does not stay finite on the
    /// rows.</exception>
    public static Int8Result Quantize(Graph model, ILabelledRows calibration, Int8Options options)
    {
        var graph = OnnxReader.Load(OnnxWriter.ToBytes(model), model.Name);
        Pipeline.Run(graph, passes: Pipeline.Exportable);
        var scope = new QuantizationScope(graph, options);
        var layers = scope.In(graph).Where(n => QuantizableOperators.RoleOf(n) == QuantizedRole.Layer).ToArray();
        if (layers.Length == 0)
            throw new NotSupportedException($"Model '{model.Name}' has no Conv, Gemm or MatMul with constant weights to quantize.");
        var activations = scope.Activations(graph);
        var ranges = new Calibrator(calibration, options.CalibrationRows, options.Ranges)
            .Run(graph, activations.Select(v => v.Name).ToHashSet());
        ConsumerRanges.Narrow(graph, scope, ranges);
        ConcatRanges.Join(graph, scope, ranges);

        var quantized = scope.In(graph).Select(n => $"{n.OpType} {n.Name}").ToArray();
        var kept = graph.Nodes.Where(n => !scope.Contains(n)).Select(n => $"{n.OpType} {n.Name}").ToArray();
        new QdqWriter(graph, scope, ranges).Write(activations, layers);
        ShapeInference.Run(graph);
        graph.Metadata["quantization"] = string.Create(CultureInfo.InvariantCulture,
            $"int8 QDQ; weights signed, symmetric, per channel; activations unsigned, {options.Ranges} over " +
                $"{Math.Min(options.CalibrationRows, calibration.Count)} rows");
        return new(graph, quantized, kept);
    }
}

/// <summary>The quantized model, and which nodes now compute on integers or stayed in floats, as <c>operator name</c>.</summary>
public sealed record Int8Result(Graph Graph, IReadOnlyList<string> Quantized, IReadOnlyList<string> KeptInFloat);
