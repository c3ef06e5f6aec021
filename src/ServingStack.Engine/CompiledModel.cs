using ServingStack.Engine.OnnxRuntime;
using ServingStack.Graphs;
using ServingStack.Graphs.Onnx;

namespace ServingStack.Engine;

/// <summary>A model ready to make sessions. Immutable and thread-safe; dispose it after all of its sessions.</summary>
public sealed class CompiledModel : IDisposable
{
    /// <summary>The <see cref="Platform"/> of models on our own kernels.</summary>
    public const string KernelsPlatform = "servingstack";

    /// <summary>The <see cref="Platform"/> of models that run on ONNX Runtime as a whole.</summary>
    public const string OnnxRuntimePlatform = "onnxruntime_onnx";

    private readonly EngineOptions _options;
    private readonly IReadOnlyDictionary<int, IndexBounds> _indices;

    private CompiledModel(Graph graph, EngineOptions options, Func<OnnxRuntimeBackend> wholeModel)
    {
        (Backend, Platform, var signature, PlatformReason, _indices) = ModelCompiler.Compile(graph, options, wholeModel);
        _options = options;
        Inputs = signature.Inputs;
        Outputs = signature.Outputs;
        Metadata = signature.Metadata;
        SupportsBatching = signature.SharesOpenBatch;
    }

    /// <summary>What runs the model: <see cref="KernelsPlatform"/> or <see cref="OnnxRuntimePlatform"/>.</summary>
    public string Platform { get; }

    /// <summary>Why the model runs on ONNX Runtime as a whole; empty when it does not.</summary>
    public string PlatformReason { get; }

    public IReadOnlyList<TensorSpec> Inputs { get; }

    public IReadOnlyList<TensorSpec> Outputs { get; }

    /// <summary>The model file's metadata.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Whether rows can be gathered: extent 0 of every input and output is open, and the same.</summary>
    public bool SupportsBatching { get; }

    internal IBackend Backend { get; }

    /// <summary>Reads and compiles an ONNX file.</summary>
    /// <exception cref="GraphLoadException">The file is missing, broken, or breaks ONNX's rules.</exception>
    public static CompiledModel Load(string path, EngineOptions options) =>
        new(OnnxReader.Load(path), options, () => OnnxRuntimeBackend.Load(path, options.ThreadCount));

    /// <summary>Compiles a graph, which stays as it is.</summary>
    public static CompiledModel Compile(Graph graph, EngineOptions options)
    {
        var bytes = OnnxWriter.ToBytes(graph);
        return new(OnnxReader.Load(bytes, graph.Name), options, () => OnnxRuntimeBackend.Load(bytes, options.ThreadCount));
    }

    public Session CreateSession() => new(this, _options);

    /// <summary>
    /// Throws <see cref="InputException"/> when an input holds values that the model must not see, such as an index outside its table.
    /// A server calls it for each request before it joins a batch.
    /// </summary>
    public void CheckInput(int input, ReadOnlySpan<byte> values)
    {
        if (input < 0 || input >= Inputs.Count) throw new ArgumentOutOfRangeException(nameof(input), input, $"The model has {Inputs.Count} inputs.");
        if (_indices.TryGetValue(input, out var bounds)) bounds.Check(values);
    }

    public void Dispose() => Backend.Dispose();

    internal void CheckShapes(IReadOnlyList<long[]> shapes)
    {
        if (shapes.Count != Inputs.Count) throw new InputException($"The model takes {Inputs.Count} inputs, got {shapes.Count}.");
        for (var i = 0; i < shapes.Count; i++) Inputs[i].Check(shapes[i]);
    }

    internal void CheckTypes(IReadOnlyList<Tensor> inputs)
    {
        for (var i = 0; i < Math.Min(inputs.Count, Inputs.Count); i++)
            if (inputs[i].ElementType != Inputs[i].ElementType)
                throw new InputException($"Input '{Inputs[i].Name}' is {inputs[i].ElementType}, the model takes {Inputs[i].ElementType}.");
    }
}
