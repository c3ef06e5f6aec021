using ServingStack.Kernels.Elementwise;

namespace ServingStack.Kernels.Quantization;

/// <summary>Two 8-bit tensors and an 8-bit result with their scales, and a fused Relu or Clip.</summary>
/// <param name="ClampMin">In output numbers; the type's range applies in any case.</param>
/// <param name="ClampMax">In output numbers.</param>
internal sealed record QuantizedBinaryProblem(
    BinaryOperands Operands,
    QuantizationParameters A,
    QuantizationParameters B,
    QuantizationParameters Y,
    float ClampMin,
    float ClampMax);
