namespace ServingStack.Kernels.Gemm;

/// <summary>An epilogue's numbers in the form kernels use: clamps narrowed to the output's range and shifted by its zero point.</summary>
internal readonly struct EpilogueConstants
{
    public EpilogueConstants(Epilogue epilogue)
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
        ResidualScale = epilogue.ResidualScale;
        ResidualZeroPoint = epilogue.ResidualZeroPoint;
    }

    public float Lower { get; }

    public float Upper { get; }

    public float ResidualScale { get; }

    public int ResidualZeroPoint { get; }

    public int OutputZeroPoint { get; }

    public bool ClampsBelow => !float.IsNegativeInfinity(Lower);

    public bool ClampsAbove => !float.IsPositiveInfinity(Upper);
}
