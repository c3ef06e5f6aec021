namespace ServingStack.Kernels.Gemm;

/// <summary><see cref="Epilogue"/> for the managed kernels, a number at a time.</summary>
internal sealed unsafe class ManagedEpilogue(Epilogue epilogue, GemmWeights weights)
{
    private readonly EpilogueConstants _constants = new(epilogue);
    private readonly float[] _bias = weights.Bias.ToArray();
    private readonly int[] _integerBias = weights.IntegerBias.ToArray();
    private readonly float[] _scale = weights.Scale.ToArray();

    public int OutputBytes { get; } = epilogue.Output.Size();

    public int ResidualBytes { get; } = epilogue.Residual?.Size() ?? 0;

    /// <param name="sum">Products with the zero point taken off, without bias.</param>
    /// <param name="channel">The output channel.</param>
    /// <param name="residual">The residual's address; not read when there is none.</param>
    /// <param name="output">The result's address.</param>
    public void Store(int sum, int channel, nint residual, nint output)
    {
        if (_integerBias.Length > 0) sum += _integerBias[channel];
        if (epilogue.Output == DataType.Int32) *(int*)output = sum;
        else Finish(sum * _scale[channel], residual, output);
    }

    /// <inheritdoc cref="Store(int, int, nint, nint)"/>
    public void Store(float sum, int channel, nint residual, nint output) =>
        Finish(_bias.Length > 0 ? sum + _bias[channel] : sum, residual, output);

    private void Finish(float x, nint residual, nint output)
    {
        if (epilogue.Residual is { } type) x = MathF.FusedMultiplyAdd(Residual(type, residual), _constants.ResidualScale, x);
        if (x < _constants.Lower) x = _constants.Lower;
        if (x > _constants.Upper) x = _constants.Upper;
        if (epilogue.Output == DataType.Float32) *(float*)output = x;
        else *(byte*)output = (byte)((int)MathF.Round(x, MidpointRounding.ToEven) + _constants.OutputZeroPoint);
    }

    private float Residual(DataType type, nint address) => type switch
    {
        DataType.Float32 => *(float*)address,
        DataType.UInt8 => *(byte*)address - _constants.ResidualZeroPoint,
        _ => *(sbyte*)address - _constants.ResidualZeroPoint,
    };
}
