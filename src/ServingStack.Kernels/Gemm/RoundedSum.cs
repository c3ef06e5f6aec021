namespace ServingStack.Kernels.Gemm;

/// <summary>The steps that sums are rounded to before a residual joins them.</summary>
/// <param name="Scale">One of these steps in the output's unit; the weights' scales bring sums to these steps.</param>
/// <param name="Least">The least whole step, counted from zero; at most 0.</param>
/// <param name="Most">The largest whole step; at least 0.</param>
public readonly record struct RoundedSum(float Scale, int Least, int Most);
