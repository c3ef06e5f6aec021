using ServingStack.Compression.Evaluation;
using ServingStack.Compression.Quantization;
using ServingStack.Engine;
using ServingStack.Graphs;

namespace ServingStack.Compression.ValueAware;

/// <summary>
/// A sample of the magnitudes that an activation took on calibration rows, evenly spread over each batch. A quantile of the sample stands
/// for that of all numbers, which would have to be sorted: of n sampled numbers, the share above it is off by about sqrt(share / n).
/// </summary>
internal sealed class ActivationSamples
{
    private const int Batch = 25;
    private const int PerBatch = 4096;

    private readonly List<float> _magnitudes = [];

    /// <summary>Whether a negative number was seen.</summary>
    public bool IsSigned { get; private set; }

    public float Most { get; private set; }

    public static IReadOnlyDictionary<string, ActivationSamples> Collect(
        Graph graph, IReadOnlySet<string> names, ILabelledRows rows, int rowCount)
    {
        var samples = names.ToDictionary(name => name, _ => new ActivationSamples());
        using var model = CompiledModel.Compile(Calibrator.WithOutputs(graph, names), new EngineOptions { ForceOnnxRuntime = true, Threads = 0 });
        using var session = model.CreateSession();
        for (var first = 0; first < Math.Min(rowCount, rows.Count); first += Batch)
        {
            var inputs = rows.Inputs(first, Math.Min(Batch, Math.Min(rowCount, rows.Count) - first));
            foreach (var (spec, tensor) in model.Inputs.Zip(inputs).Concat(model.Outputs.Zip(session.Run(inputs))))
                if (samples.TryGetValue(spec.Name, out var of)) of.Add(tensor.As<float>(), spec.Name);
        }
        return samples;
    }

    /// <summary>The magnitude that a share of the numbers exceeds.</summary>
    public float Threshold(double share)
    {
        if (share == 0) return Most;
        _magnitudes.Sort();
        return _magnitudes[Math.Clamp((int)Math.Ceiling((1 - share) * _magnitudes.Count) - 1, 0, _magnitudes.Count - 1)];
    }

    public void Add(ReadOnlySpan<float> values, string name)
    {
        foreach (var value in values)
        {
            if (!float.IsFinite(value))
                throw new NotSupportedException($"Value '{name}' became {value} on the calibration rows; a model must stay finite to be " +
                    "quantized. Check the rows and the weights.");
            IsSigned |= value < 0;
            Most = Math.Max(Most, Math.Abs(value));
        }
        // An odd stride meets all columns of a row in turn.
        var step = Math.Max(1, values.Length / PerBatch) | 1;
        for (var i = 0; i < values.Length; i += step) _magnitudes.Add(Math.Abs(values[i]));
    }
}
