namespace ServingStack.Engine;

/// <summary>One step of a plan: what it computes, on what, and what that costs. Costs follow from shapes, not from measurement.</summary>
/// <param name="Name">The node's name in the graph.</param>
/// <param name="OpType">The operator, in ONNX's words where there is one.</param>
/// <param name="Precision"><c>fp32</c>, <c>int8</c>, or <c>mixed</c> for a whole model.</param>
/// <param name="Backend"><c>kernels</c> or <c>onnxruntime</c>.</param>
/// <param name="Kernel">The kernel table's row.</param>
/// <param name="Flops">Arithmetic operations of one run; a multiply-add counts as two.</param>
/// <param name="BytesRead">Bytes of inputs and weights, each read once.</param>
/// <param name="BytesWritten">Bytes of outputs.</param>
public sealed record PlanStep(
    string Name, string OpType, string Precision, string Backend, string Kernel, long Flops, long BytesRead, long BytesWritten)
{
    public const string KernelsBackend = "kernels";
    public const string OnnxRuntimeBackend = "onnxruntime";

    /// <summary>Shapes of inputs and outputs, for example <c>[1, 3, 8, 8] -> [1, 16, 8, 8]</c>.</summary>
    public string Shapes { get; init; } = "";

    /// <summary>Where the first output lies in the plan's arena, in bytes from its start; -1 for a whole model.</summary>
    public long ArenaOffset { get; init; } = -1;

    /// <summary>Why no other kernel was chosen, or why this step is a fallback; empty when there is nothing to say.</summary>
    public string Note { get; init; } = "";
}
