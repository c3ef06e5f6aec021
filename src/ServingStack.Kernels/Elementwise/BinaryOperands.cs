namespace ServingStack.Kernels.Elementwise;

/// <summary>
/// Two dense inputs and a dense output with their shapes; inputs are broadcast to the output's shape by numpy's rules. The output may be
/// an input of the same shape, but must not overlap otherwise.
/// </summary>
public readonly record struct BinaryOperands(nint A, long[] ShapeA, nint B, long[] ShapeB, nint Y, long[] ShapeY);
