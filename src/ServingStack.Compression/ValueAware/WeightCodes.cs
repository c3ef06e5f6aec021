using ServingStack.Compression.Quantization;
using ServingStack.Graphs.ValueAware;

namespace ServingStack.Compression.ValueAware;

/// <summary>
/// Chooses codes for a layer's weights: the largest, measured against their channel, are set apart; the step of a run is that of its largest
/// small weight.
/// </summary>
internal sealed class WeightCodes(WeightMatrix matrix, int bits, ValueAwareOptions options, PatchMoments? moments)
{
    private const float LargestHalf = 65504;

    // Shares of the whole range that a clipped one may be.
    private const int Candidates = 20;
    private const int LeastCandidate = 8;

    private readonly float[] _rows = matrix.Rows();
    private readonly int _most = (1 << (bits - 1)) - 1;
    private readonly int _run = options.Group > 0 && matrix.Depth % options.Group == 0 ? options.Group : matrix.Depth;

    public ValueAwareTensor Quantize(double share)
    {
        var large = Largest(share);
        var codes = new sbyte[_rows.Length];
        var scales = new Half[_rows.Length / _run];
        for (var r = 0; r < scales.Length; r++) scales[r] = Encode(r * _run, large, codes);
        if (moments is not null && options.LearnedRounding) LearnRounding(large, scales, codes);
        var entries = Enumerable.Range(0, _rows.Length).Where(i => large[i]).Select(i => ((long)i, (Half)_rows[i])).ToArray();
        return new(bits, codes, scales, LargeValues.Of(entries), StoredDimensions());
    }

    /// <summary>The energy of the error over that of the weights, each weighted by that of what it is multiplied with.</summary>
    public double RelativeError(ValueAwareTensor quantized)
    {
        var floats = quantized.ToFloats();
        double noise = 0, signal = 0;
        for (var i = 0; i < floats.Length; i++)
        {
            var weight = moments is null ? 1 : InputEnergy(i / matrix.Depth, i % matrix.Depth);
            noise += weight * (floats[i] - _rows[i]) * (floats[i] - _rows[i]);
            signal += weight * _rows[i] * _rows[i];
        }
        return noise / Math.Max(signal, double.Epsilon);
    }

    private double InputEnergy(int channel, int depth) => moments!.Of(channel, matrix.Channels)[(depth * matrix.Depth) + depth];

    private long[] StoredDimensions() => matrix.ChannelAxis == 0 ? matrix.Weights.Dimensions : [matrix.Channels, matrix.Depth];

    /// <summary>Which weights are kept apart.</summary>
    private bool[] Largest(double share)
    {
        var large = new bool[_rows.Length];
        var count = (int)Math.Round(share * _rows.Length);
        if (count == 0) return large;
        var keys = new float[_rows.Length];
        for (var n = 0; n < matrix.Channels; n++)
        {
            var row = _rows.AsSpan(n * matrix.Depth, matrix.Depth);
            var energy = 0.0;
            foreach (var weight in row) energy += weight * weight;
            var norm = (float)Math.Sqrt(energy / row.Length);
            for (var k = 0; k < row.Length; k++) keys[(n * matrix.Depth) + k] = norm > 0 ? -Math.Abs(row[k]) / norm : 0;
        }
        var order = Enumerable.Range(0, keys.Length).ToArray();
        Array.Sort(keys, order);
        foreach (var i in order.AsSpan(0, count)) large[i] = _rows[i] != 0;
        return large;
    }

    private Half Encode(int first, bool[] large, sbyte[] codes)
    {
        var most = 0f;
        for (var i = first; i < first + _run; i++)
        {
            if (Math.Abs(_rows[i]) > LargestHalf)
                throw new NotSupportedException($"A weight is {_rows[i]}; magnitudes up to {LargestHalf} fit 16 bits. Keep this layer in floats.");
            if (!large[i]) most = Math.Max(most, Math.Abs(_rows[i]));
        }
        var scale = Step(most);
        if (options.Clip)
        {
            var best = double.PositiveInfinity;
            for (var c = Candidates; c >= LeastCandidate; c--)
                if (Step(most * c / Candidates) is var candidate && Error(first, large, candidate) is var error && error < best)
                    (best, scale) = (error, candidate);
        }
        for (var i = first; i < first + _run; i++)
            if (!large[i]) codes[i] = CodeOf(_rows[i], (float)scale);
        return scale;
    }

    /// <summary>A run of zeros, or of numbers too small for 16 bits, has any step: all its codes are 0.</summary>
    private Half Step(float most) => (Half)(most / _most) is var step && step > Half.Zero ? step : Half.One;

    private sbyte CodeOf(float weight, float scale) => (sbyte)Math.Clamp(MathF.Round(weight / scale), -_most, _most);

    private double Error(int first, bool[] large, Half step)
    {
        var (scale, error) = ((float)step, 0.0);
        for (var i = first; i < first + _run; i++)
            if (!large[i] && _rows[i] - (CodeOf(_rows[i], scale) * scale) is var off) error += off * off;
        return error;
    }

    private void LearnRounding(bool[] large, Half[] scales, sbyte[] codes)
    {
        var depth = matrix.Depth;
        for (var n = 0; n < matrix.Channels; n++)
        {
            var first = n * depth;
            LearnedRounding.Improve(_rows.AsSpan(first, depth), moments!.Of(n, matrix.Channels), k => (float)scales[(first + k) / _run],
                codes.AsSpan(first, depth), k => !large[first + k], _most);
        }
    }
}
