using ServingStack.Kernels.Gemm;

namespace ServingStack.Kernels.Reference;

/// <summary>
/// <see cref="Epilogue"/> one number at a time. Its float operations and their order are the definition that the integer kernels match bit
/// for bit: one multiplication, another after rounding where sums are rounded, one fused multiply-add for the residual, clamp, then rounding.
/// </summary>
internal static unsafe class ReferenceEpilogue
{
    /// <param name="sum">Products summed with the zero point already taken off and the bias added.</param>
    public static void StoreInteger(Epilogue epilogue, int sum, float scale, nint residual, nint output)
    {
        if (epilogue.Output == DataType.Int32) *(int*)output = sum;
        else Store(epilogue, AddResidual(epilogue, Rounded(epilogue, sum * scale), residual), output);
    }

    public static void StoreFloat(Epilogue epilogue, float sum, nint residual, nint output) =>
        Store(epilogue, AddResidual(epilogue, sum, residual), output);

    private static float Rounded(Epilogue epilogue, float x) => epilogue.Before is { } before
        ? MathF.Round(Clamp(x, before.Least, before.Most), MidpointRounding.ToEven) * before.Scale
        : x;

    private static float AddResidual(Epilogue epilogue, float x, nint residual) => epilogue.Residual switch
    {
        null => x,
        DataType.Float32 => MathF.FusedMultiplyAdd(*(float*)residual, epilogue.ResidualScale, x),
        DataType.UInt8 => MathF.FusedMultiplyAdd(*(byte*)residual - epilogue.ResidualZeroPoint, epilogue.ResidualScale, x),
        _ => MathF.FusedMultiplyAdd(*(sbyte*)residual - epilogue.ResidualZeroPoint, epilogue.ResidualScale, x),
    };

    private static void Store(Epilogue epilogue, float x, nint output)
    {
        if (epilogue.Output == DataType.Float32) *(float*)output = Clamp(x, epilogue.ClampMin, epilogue.ClampMax);
        else if (epilogue.Output == DataType.UInt8) *(byte*)output = (byte)Quantize(epilogue, x, byte.MinValue, byte.MaxValue);
        else *(sbyte*)output = (sbyte)Quantize(epilogue, x, sbyte.MinValue, sbyte.MaxValue);
    }

    private static int Quantize(Epilogue epilogue, float x, int least, int most)
    {
        var lower = MathF.Max(epilogue.ClampMin, least) - epilogue.OutputZeroPoint;
        var upper = MathF.Min(epilogue.ClampMax, most) - epilogue.OutputZeroPoint;
        return (int)MathF.Round(Clamp(x, lower, upper), MidpointRounding.ToEven) + epilogue.OutputZeroPoint;
    }

    private static float Clamp(float x, float lower, float upper) => x < lower ? lower : x > upper ? upper : x;
}
