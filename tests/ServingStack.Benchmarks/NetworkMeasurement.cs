using System.Text.Json.Serialization;

namespace ServingStack.Benchmarks;

/// <summary>
/// One network at one batch: milliseconds of a run, ours and ONNX Runtime's, one thread each; what the first plan took to build; and how our
/// answers, the model's as ONNX Runtime computes it node by node, and those of ONNX Runtime as it was timed compare.
/// </summary>
internal sealed record NetworkMeasurement(
    string Network, string Precision, int Batch, double Milliseconds, double OrtMilliseconds, double PlanMilliseconds,
    int Steps, int FallbackSteps,
    [property: JsonIgnore] Agreement ToLiteral, [property: JsonIgnore] Agreement ToOrt, [property: JsonIgnore] Agreement OrtToLiteral)
{
    /// <summary>The greatest relative error of a network in floats.</summary>
    private const double FloatLimit = 1e-3;

    /// <summary>The share of a network's outputs in eight bits that must be within a step.</summary>
    private const double StepLimit = 0.999;

    /// <summary>How many times faster than ONNX Runtime.</summary>
    public double Ratio => OrtMilliseconds / Milliseconds;

    /// <summary>Our greatest difference from the literal model, over its greatest output.</summary>
    public double RelativeError => ToLiteral.RelativeError;

    /// <summary>The share of our outputs within a step of the literal model's.</summary>
    public double WithinStep => ToLiteral.WithinStep;

    /// <summary>The share of our outputs within a step of those of ONNX Runtime as it was timed.</summary>
    public double WithinStepOfOrt => ToOrt.WithinStep;

    /// <summary>The share of the timed ONNX Runtime's outputs within a step of the literal model's.</summary>
    public double OrtWithinStep => OrtToLiteral.WithinStep;

    /// <summary>Whether the answers are ONNX Runtime's: in eight bits, those of either of its two ways to compute the file.</summary>
    public bool Agrees => Precision == "fp32" ? RelativeError <= FloatLimit : Math.Max(WithinStep, WithinStepOfOrt) >= StepLimit;
}
