using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>What is known of an operator without running it.</summary>
/// <param name="OpType">The operator's name in ONNX.</param>
/// <param name="MinInputs">Inputs that cannot be left out.</param>
/// <param name="Infer">Sets element types and shapes of the outputs.</param>
internal sealed record OperatorRow(string OpType, int MinInputs, Action<InferenceContext> Infer)
{
    public string Domain { get; init; } = "";

    /// <summary>Computes output 0 when all inputs are known; null where this case is left to a kernel.</summary>
    public Func<InferenceContext, Tensor?>? Fold { get; init; }

    /// <summary>Computes the elements of a short integer output when those of the inputs are known in part.</summary>
    public Action<InferenceContext>? Propagate { get; init; }
}
