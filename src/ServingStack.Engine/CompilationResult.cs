namespace ServingStack.Engine;

/// <summary>What compiling a model came to.</summary>
/// <param name="Backend">Builds its plans.</param>
/// <param name="Platform">One of <see cref="CompiledModel"/>'s platforms.</param>
/// <param name="Signature">Inputs, outputs, metadata.</param>
/// <param name="Reason">Why the model runs on ONNX Runtime as a whole; empty when it does not.</param>
/// <param name="Indices">What the integers of inputs may be, by input; inputs that look up nothing are left out.</param>
internal sealed record CompilationResult(
    IBackend Backend, string Platform, ModelSignature Signature, string Reason, IReadOnlyDictionary<int, IndexBounds> Indices);
