using ServingStack.Compression.Evaluation;
using ServingStack.Engine;
using ServingStack.Graphs;
using ServingStack.Graphs.Onnx;

namespace ServingStack.Compression.Quantization;

/// <summary>
/// Watches values of a float graph while it runs on real rows, on ONNX Runtime: first their ranges, then how they are spread within them.
/// </summary>
internal sealed class Calibrator(ILabelledRows rows, int rowCount, RangeMethod method)
{
    private const int Batch = 50;

    private delegate void Visitor(string value, ReadOnlySpan<float> numbers);

    /// <summary>A quantization for each named value of the graph. Graph inputs keep their whole range: what is clipped there is lost to
    /// all.</summary>
    public Dictionary<string, ActivationQuantization> Run(Graph graph, IReadOnlySet<string> names)
    {
        using var model = CompiledModel.Compile(WithOutputs(graph, names), new EngineOptions { ForceOnnxRuntime = true, Threads = 0 });
        using var session = model.CreateSession();
        var ranges = names.ToDictionary(name => name, _ => (Least: 0.0, Most: 0.0));
        Watch(model, session, names, (name, numbers) => ranges[name] = Widen(ranges[name], numbers, name));
        var histograms = ranges.ToDictionary(r => r.Key, r => new ActivationHistogram(r.Value.Least, r.Value.Most));
        if (method != RangeMethod.MinMax) Watch(model, session, names, (name, numbers) => histograms[name].Add(numbers));
        var inputs = graph.Inputs.Select(input => input.Name).ToHashSet();
        return histograms.ToDictionary(h => h.Key, h => h.Value.Choose(inputs.Contains(h.Key) ? RangeMethod.MinMax : method));
    }

    private void Watch(CompiledModel model, Session session, IReadOnlySet<string> names, Visitor visit)
    {
        var count = Math.Min(rowCount, rows.Count);
        for (var first = 0; first < count; first += Batch)
        {
            var inputs = rows.Inputs(first, Math.Min(Batch, count - first));
            Visit(model.Inputs, inputs, names, visit);
            Visit(model.Outputs, session.Run(inputs), names, visit);
        }
    }

    private static void Visit(IReadOnlyList<TensorSpec> specs, Tensor[] tensors, IReadOnlySet<string> names, Visitor visit)
    {
        for (var i = 0; i < tensors.Length; i++)
            if (names.Contains(specs[i].Name)) visit(specs[i].Name, tensors[i].As<float>());
    }

    private static (double Least, double Most) Widen((double Least, double Most) range, ReadOnlySpan<float> numbers, string name)
    {
        foreach (var number in numbers)
        {
            if (!float.IsFinite(number)) throw new NotSupportedException($"Value '{name}' became {number} on the calibration rows; a " +
                "model must stay finite to be quantized.");
            range = (Math.Min(range.Least, number), Math.Max(range.Most, number));
        }
        return range;
    }

    /// <summary>A copy that also gives the named values which are no outputs yet.</summary>
    public static Graph WithOutputs(Graph graph, IReadOnlySet<string> names)
    {
        var copy = OnnxReader.Load(OnnxWriter.ToBytes(graph), graph.Name);
        ShapeInference.Run(copy);
        var known = copy.Outputs.Select(output => output.Name).ToHashSet();
        copy.Outputs.AddRange(copy.Nodes.SelectMany(n => n.Outputs).Where(v => names.Contains(v.Name) && !known.Contains(v.Name)));
        return copy;
    }
}
