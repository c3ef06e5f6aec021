namespace ServingStack.Kernels.Gemm;

/// <summary>
/// What happens to an accumulator while it is in a register, before the only store. In order, for output channel <c>n</c>:
/// <list type="number">
/// <item>integer accumulators: <c>x = (acc + bias[n] - zeroPointA * sum_k B[k,n]) * Scale[n]</c>, where Scale brings s32 to the output's
/// unit (for u8/s8 output the unit is one quantization step, for f32 output it is 1);</item>
/// <item>fp32 accumulators: <c>x = acc + bias[n]</c>;</item>
/// <item><see cref="Before"/>, when present: <c>x = round_half_even(clamp(x, Least, Most)) * Before.Scale</c>, so that the sum is what a
/// tensor of bytes between the layer and the addition would hold;</item>
/// <item>residual, when present: <c>x += (r - ResidualZeroPoint) * ResidualScale</c>, r read from memory laid out as the output;</item>
/// <item>quantized output: <c>y = round_half_even(clamp(x, ClampMin - OutputZeroPoint, ClampMax - OutputZeroPoint)) + OutputZeroPoint</c>,
/// the bounds first narrowed to the type's range; fp32 output: <c>y = min(max(x, ClampMin), ClampMax)</c>. ReLU and Clip are clamps.</item>
/// </list>
/// </summary>
public sealed record Epilogue
{
    /// <summary>Float32, UInt8, Int8, or Int32 (raw sums with bias, no scale, no clamp).</summary>
    public required DataType Output { get; init; }

    /// <summary>Float32, UInt8 or Int8; null when nothing is added.</summary>
    public DataType? Residual { get; init; }

    /// <summary>In units of one output step per residual step.</summary>
    public float ResidualScale { get; init; } = 1;

    public int ResidualZeroPoint { get; init; }

    /// <summary>How sums of integers are rounded before a residual is added to them; null where they are not.</summary>
    public RoundedSum? Before { get; init; }

    public int OutputZeroPoint { get; init; }

    /// <summary>In the output's numbers: for u8 output 0 or more.</summary>
    public float ClampMin { get; init; } = float.NegativeInfinity;

    public float ClampMax { get; init; } = float.PositiveInfinity;
}
