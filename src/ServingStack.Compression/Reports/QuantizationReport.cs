using System.Text.Json;
using System.Text.Json.Serialization;
using ServingStack.Compression.Evaluation;
using ServingStack.Compression.Quantization;
using ServingStack.Compression.ValueAware;

namespace ServingStack.Compression.Reports;

/// <summary>What a quantized model is worth against the exact one, and what became of each layer.</summary>
/// <param name="Model">The model's name.</param>
/// <param name="Method">How it was quantized, in words.</param>
/// <param name="Exact">The model in floats on the test rows.</param>
/// <param name="Quantized">The quantized one on the same rows.</param>
/// <param name="Change">Both compared row by row.</param>
/// <param name="ExactBytes">Of the file in floats.</param>
/// <param name="Bytes">Of the quantized file.</param>
/// <param name="Layers">In the graph's order.</param>
public sealed record QuantizationReport(
    string Model, string Method, EvaluationReport Exact, EvaluationReport Quantized, AccuracyChange Change, long ExactBytes, long Bytes,
    IReadOnlyList<QuantizedLayer> Layers)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public string ToJson() => JsonSerializer.Serialize(this, Json);
}

/// <summary>A layer of a quantized model.</summary>
/// <param name="Name">The node's name.</param>
/// <param name="OpType">Its operator.</param>
/// <param name="Bits">Of its weights; 32 where it stayed in floats.</param>
/// <param name="SignalToNoise">Its shadow error in decibels, see <see cref="OperatorError"/>.</param>
/// <param name="Value">The parts of its weights; null where the format has none.</param>
public sealed record QuantizedLayer(string Name, string OpType, int Bits, double SignalToNoise, ValueAwareLayerReport? Value = null)
{
    private const int Single = 32;

    public static IReadOnlyList<QuantizedLayer> Of(Int8Result result) =>
        [.. result.Errors.Select(e => new QuantizedLayer(e.Name, e.OpType, result.KeptInFloat.Contains($"{e.OpType} {e.Name}") ? Single : 8,
            e.SignalToNoise))];

    public static IReadOnlyList<QuantizedLayer> Of(ValueAwareResult result) =>
        [.. result.Layers.Zip(result.Errors, (layer, e) => new QuantizedLayer(layer.Name, layer.OpType, layer.Bits, e.SignalToNoise, layer))];
}
