namespace ServingStack.Kernels.Gemm;

/// <summary>An epilogue's numbers in the form kernels use: clamps narrowed to the output's range and shifted by its zero point.</summary>
internal readonly struct EpilogueConstants
{
    // Beyond this a float may not fit a 32-bit integer.
    private const float SafelyConverted = 1 << 30;

    private readonly bool _clampsBelow;
    private readonly bool _clampsAbove;

    /// <param name="largestProduct">
    /// What a scaled sum cannot exceed in magnitude. Where that is far from the range of an integer, packing with saturation clamps to the
    /// output type's own range, and no clamp is needed for it.
    /// </param>
    public EpilogueConstants(Epilogue epilogue, float largestProduct = float.PositiveInfinity)
    {
        var (least, most) = epilogue.Output switch
        {
            DataType.UInt8 => (byte.MinValue, byte.MaxValue),
            DataType.Int8 => ((float)sbyte.MinValue, sbyte.MaxValue),
            _ => (float.NegativeInfinity, float.PositiveInfinity),
        };
        var clamps = epilogue.Output != DataType.Int32;
        var shift = epilogue.Output is DataType.UInt8 or DataType.Int8 ? epilogue.OutputZeroPoint : 0;
        Lower = (clamps ? MathF.Max(epilogue.ClampMin, least) : least) - shift;
        Upper = (clamps ? MathF.Min(epilogue.ClampMax, most) : most) - shift;
        OutputZeroPoint = shift;
        Before = epilogue.Before ?? default;
        RoundsBefore = epilogue.Before is not null;
        if (RoundsBefore) largestProduct = Math.Max(-Before.Least, Before.Most) * Before.Scale;
        ResidualScale = epilogue.ResidualScale;
        ResidualZeroPoint = epilogue.ResidualZeroPoint;

        // A byte and its zero point are far less than 2^20 apart.
        var largestResidual = epilogue.Residual switch
        {
            null => 0,
            DataType.Float32 => float.PositiveInfinity,
            _ => (1 << 20) * MathF.Abs(ResidualScale),
        };
        var saturates = float.IsFinite(least) && largestProduct + largestResidual < SafelyConverted;
        _clampsBelow = !float.IsNegativeInfinity(Lower) && !(saturates && Lower + shift <= least);
        _clampsAbove = !float.IsPositiveInfinity(Upper) && !(saturates && Upper + shift >= most);
    }

    public float Lower { get; }

    public float Upper { get; }

    /// <summary>Whether sums are rounded before the residual is added, and how.</summary>
    public bool RoundsBefore { get; }

    public RoundedSum Before { get; }

    public float ResidualScale { get; }

    public int ResidualZeroPoint { get; }

    public int OutputZeroPoint { get; }

    public bool ClampsBelow => _clampsBelow;

    public bool ClampsAbove => _clampsAbove;
}
