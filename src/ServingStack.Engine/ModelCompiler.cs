using ServingStack.Engine.Lowering;
using ServingStack.Engine.OnnxRuntime;
using ServingStack.Graphs;
using ServingStack.Graphs.Passes;
using ServingStack.Kernels.Machine;

namespace ServingStack.Engine;

/// <summary>Decides what runs a model: our kernels, with ONNX Runtime for single steps, or ONNX Runtime for all of it.</summary>
internal static class ModelCompiler
{
    /// <summary>Extents to try for open dimensions until one fits the model: the least batch, then a size that strided networks accept.</summary>
    private static readonly long[] TrialExtents = [1, 16];

    /// <param name="graph">Belongs to the compiled model from here on.</param>
    /// <param name="options">How to compile.</param>
    /// <param name="wholeModel">Makes a backend out of the file as it is.</param>
    public static CompilationResult Compile(
        Graph graph, EngineOptions options, Func<OnnxRuntimeBackend> wholeModel)
    {
        if (options.ForceOnnxRuntime) return OnOnnxRuntime(wholeModel, "asked for by an option");
        Pipeline.Run(graph, new PipelineOptions { DisabledPasses = options.DisabledPasses });
        if (graph.Inputs.Concat(graph.Outputs).FirstOrDefault(v => v.Shape is null) is { } odd)
            return OnOnnxRuntime(wholeModel, $"the rank of '{odd.Name}' is unknown");
        var signature = new ModelSignature(SpecsOf(graph.Inputs), SpecsOf(graph.Outputs), graph.Metadata);
        var backend = new KernelBackend(graph, options.Isa ?? MachineFeatures.Current.InstructionSet, wholeModel);
        var (indices, reason) = Try(backend, signature);
        if (indices is not null) return new(backend, CompiledModel.KernelsPlatform, signature, "", indices);
        backend.Dispose();
        return OnOnnxRuntime(wholeModel, reason);
    }

    private static CompilationResult OnOnnxRuntime(Func<OnnxRuntimeBackend> wholeModel, string reason)
    {
        var backend = wholeModel();
        return new(backend, CompiledModel.OnnxRuntimePlatform, backend.Signature, reason, new Dictionary<int, IndexBounds>());
    }

    /// <summary>Lowers once, so that weights are packed at load time and a model without any kernel of ours shows: then with the reason.</summary>
    private static (IReadOnlyDictionary<int, IndexBounds>? Indices, string Reason) Try(KernelBackend backend, ModelSignature signature)
    {
        var reason = "";
        foreach (var extent in TrialExtents)
        {
            try
            {
                using var lowered = backend.Lower([.. signature.Inputs.Select(i => WithExtent(i.Shape, extent))]);
                return lowered.Steps.Count == 0 || lowered.Steps.Any(s => s.Description.Backend == PlanStep.KernelsBackend)
                    ? (lowered.Indices.Bounds(signature.Inputs), "") : (null, "none of its operators has a kernel of ours");
            }
            catch (Exception e) when (e is LoweringException or InputException)
            {
                reason = e.Message;
            }
        }
        return (null, reason);
    }

    private static long[] WithExtent(Shape shape, long extent) => [.. shape.Select(d => d.IsFixed ? d.Value : extent)];

    private static TensorSpec[] SpecsOf(IEnumerable<Value> values) => [.. values.Select(v => new TensorSpec(v.Name, v.ElementType, v.Shape!))];
}
