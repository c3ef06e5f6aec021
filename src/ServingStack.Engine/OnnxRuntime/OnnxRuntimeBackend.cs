using Microsoft.ML.OnnxRuntime;
using ServingStack.Graphs;
using ServingStack.Kernels.Parallel;

namespace ServingStack.Engine.OnnxRuntime;

/// <summary>Runs a whole model on ONNX Runtime: our oracle, and the way for models that our kernels cannot run.</summary>
internal sealed class OnnxRuntimeBackend : IBackend
{
    private readonly InferenceSession _session;

    private OnnxRuntimeBackend(InferenceSession session)
    {
        _session = session;
        Signature = new ModelSignature(
            [.. _session.InputNames.Select(name => SpecOf(name, _session.InputMetadata[name]))],
            [.. _session.OutputNames.Select(name => SpecOf(name, _session.OutputMetadata[name]))],
            _session.ModelMetadata.CustomMetadataMap);
    }

    public ModelSignature Signature { get; }

    /// <param name="path">An ONNX file; tensors that it keeps in other files are found beside it.</param>
    /// <param name="threads">Threads of ONNX Runtime's own pool, the caller's included.</param>
    public static OnnxRuntimeBackend Load(string path, int threads)
    {
        using var options = OptionsFor(threads);
        return new OnnxRuntimeBackend(new InferenceSession(path, options));
    }

    /// <param name="model">The bytes of an ONNX file.</param>
    /// <param name="threads">Threads of ONNX Runtime's own pool, the caller's included.</param>
    public static OnnxRuntimeBackend Load(byte[] model, int threads)
    {
        using var options = OptionsFor(threads);
        return new OnnxRuntimeBackend(new InferenceSession(model, options));
    }

    /// <summary>ONNX Runtime has threads of its own: the session's team is left alone.</summary>
    public Plan BuildPlan(IReadOnlyList<long[]> inputShapes, WorkerTeam? team) => BuildPlan(inputShapes, "");

    /// <param name="inputShapes">One for each input.</param>
    /// <param name="reason">Why the model does not run on our kernels; for the plan's dump.</param>
    public Plan BuildPlan(IReadOnlyList<long[]> inputShapes, string reason)
    {
        var call = new OnnxRuntimeCall(_session, Signature, inputShapes);
        var step = new PlanStep("model", "Model", "mixed", PlanStep.OnnxRuntimeBackend, call.KernelName, 0, 0, 0)
        {
            Shapes = string.Join(", ", inputShapes.Select(s => Shape.Of(s).ToString())),
            Note = reason,
        };
        return new Plan(call.Inputs, call.Outputs, [step], [call], call);
    }

    public void Dispose() => _session.Dispose();

    private static SessionOptions OptionsFor(int threads)
    {
        var options = new SessionOptions
        {
            IntraOpNumThreads = threads,
            InterOpNumThreads = 1,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        // Workers that spin between requests would take the cores that other models' plans are running on.
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        return options;
    }

    private static TensorSpec SpecOf(string name, NodeMetadata metadata)
    {
        if (!metadata.IsTensor || metadata.IsString)
            throw new NotSupportedException($"'{name}' is a {(metadata.IsString ? "string tensor" : metadata.OnnxValueType)}: only tensors of numbers can be served.");
        var dimensions = metadata.Dimensions.Select((extent, i) =>
            extent >= 0 ? Dimension.Fixed(extent)
            : metadata.SymbolicDimensions[i] is { Length: > 0 } symbol ? Dimension.Named(symbol)
            : Dimension.Unknown);
        return new TensorSpec(name, (ElementType)(int)metadata.ElementDataType, new Shape(dimensions));
    }
}
