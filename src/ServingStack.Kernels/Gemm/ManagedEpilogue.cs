using System.Runtime.Intrinsics;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Gemm;

/// <summary><see cref="Epilogue"/> for the managed kernels: sixteen channels at a time, the last few one by one.</summary>
internal sealed unsafe class ManagedEpilogue(Epilogue epilogue, GemmWeights weights)
{
    private readonly EpilogueConstants _constants = new(epilogue);
    private readonly float[] _bias = weights.Bias.ToArray();
    private readonly int[] _integerBias = weights.IntegerBias.ToArray();
    private readonly float[] _scale = weights.Scale.ToArray();

    public int OutputBytes { get; } = epilogue.Output.Size();

    public int ResidualBytes { get; } = epilogue.Residual?.Size() ?? 0;

    /// <summary>Finishes one row's channels.</summary>
    /// <param name="sums">Products with the zero point taken off, without bias.</param>
    /// <param name="channel">The first sum's output channel.</param>
    /// <param name="residual">The address of that channel's residual; not read when there is none.</param>
    /// <param name="output">The address of that channel's result.</param>
    public void StoreRow(ReadOnlySpan<int> sums, int channel, nint residual, nint output)
    {
        var i = 0;
        for (; i <= sums.Length - Vector512<int>.Count; i += Vector512<int>.Count)
        {
            var sum = Vector512.Create(sums[i..]);
            if (_integerBias.Length > 0) sum += Vector512.Create(_integerBias, channel + i);
            if (epilogue.Output == DataType.Int32) sum.Store((int*)output + i);
            else FinishVector(Rounded(Vector512.ConvertToSingle(sum) * Vector512.Create(_scale, channel + i)), i, residual, output);
        }
        for (; i < sums.Length; i++)
        {
            var sum = _integerBias.Length > 0 ? sums[i] + _integerBias[channel + i] : sums[i];
            if (epilogue.Output == DataType.Int32) ((int*)output)[i] = sum;
            else Finish(Rounded(sum * _scale[channel + i]), residual + (i * ResidualBytes), output + (i * OutputBytes));
        }
    }

    /// <inheritdoc cref="StoreRow(ReadOnlySpan{int}, int, nint, nint)"/>
    public void StoreRow(ReadOnlySpan<float> sums, int channel, nint residual, nint output)
    {
        var i = 0;
        for (; i <= sums.Length - Vector512<float>.Count; i += Vector512<float>.Count)
        {
            var sum = Vector512.Create(sums[i..]);
            FinishVector(_bias.Length > 0 ? sum + Vector512.Create(_bias, channel + i) : sum, i, residual, output);
        }
        for (; i < sums.Length; i++)
            Finish(
                _bias.Length > 0 ? sums[i] + _bias[channel + i] : sums[i], residual + (i * ResidualBytes), output + (i * OutputBytes));
    }

    private Vector512<float> Rounded(Vector512<float> x)
    {
        if (!_constants.RoundsBefore) return x;
        var (least, most) = (Vector512.Create((float)_constants.Before.Least), Vector512.Create((float)_constants.Before.Most));
        var steps = VectorMath.RoundToInt32(Vector512.Min(Vector512.Max(x, least), most));
        return Vector512.ConvertToSingle(steps) * Vector512.Create(_constants.Before.Scale);
    }

    private float Rounded(float x) => !_constants.RoundsBefore ? x
        : MathF.Round(Math.Clamp(x, _constants.Before.Least, _constants.Before.Most), MidpointRounding.ToEven) * _constants.Before.Scale;

    private void FinishVector(Vector512<float> x, int i, nint residual, nint output)
    {
        if (epilogue.Residual is { } type)
            x = Vector512.FusedMultiplyAdd(ResidualVector(type, residual, i), Vector512.Create(_constants.ResidualScale), x);
        var (lower, upper) = (Vector512.Create(_constants.Lower), Vector512.Create(_constants.Upper));
        x = Vector512.ConditionalSelect(Vector512.LessThan(x, lower), lower, x);
        x = Vector512.ConditionalSelect(Vector512.GreaterThan(x, upper), upper, x);
        if (epilogue.Output == DataType.Float32)
        {
            x.Store((float*)output + i);
            return;
        }
        var rounded = VectorMath.RoundToInt32(x) + Vector512.Create(_constants.OutputZeroPoint);
        if (epilogue.Output == DataType.UInt8) ByteLanes<byte>.Store(rounded, (byte*)output + i);
        else ByteLanes<sbyte>.Store(rounded, (sbyte*)output + i);
    }

    private Vector512<float> ResidualVector(DataType type, nint residual, int i) => type switch
    {
        DataType.Float32 => Vector512.Load((float*)residual + i),
        DataType.UInt8 => WithoutZeroPoint(ByteLanes<byte>.Load((byte*)residual + i)),
        _ => WithoutZeroPoint(ByteLanes<sbyte>.Load((sbyte*)residual + i)),
    };

    private Vector512<float> WithoutZeroPoint(Vector512<int> residual) =>
        Vector512.ConvertToSingle(residual - Vector512.Create(_constants.ResidualZeroPoint));

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
