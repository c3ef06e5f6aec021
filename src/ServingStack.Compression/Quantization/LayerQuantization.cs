using ServingStack.Graphs;

namespace ServingStack.Compression.Quantization;

/// <summary>
/// Weights as signed bytes with a scale for each output channel (the same for all where the grain is the tensor), symmetric about zero, -127..127; the bias as 32-bit integers in units of
/// activation scale times weight scale, where it joins the accumulator without a rounding of its own (Jacob et al. 2018, section 2.4).
/// </summary>
internal sealed class LayerQuantization
{
    private const int Most = 127;

    private LayerQuantization(sbyte[] weights, float[] scales) => (Weights, Scales) = (weights, scales);

    public sbyte[] Weights { get; }

    public float[] Scales { get; }

    /// <param name="moments">Of the layer's inputs, to learn the rounding by; null rounds to the nearest.</param>
    public static LayerQuantization Of(
        Tensor weights, int channelAxis, WeightGrain grain = WeightGrain.Channel, PatchMoments? moments = null)
    {
        var values = weights.As<float>();
        var channels = (int)weights.Dimensions[channelAxis];
        var inner = (int)weights.Dimensions.Skip(channelAxis + 1).Aggregate(1L, (product, d) => product * d);
        var scales = new float[channels];
        for (var i = 0; i < values.Length; i++)
        {
            ref var scale = ref scales[i / inner % channels];
            scale = Math.Max(scale, Math.Abs(values[i]) / Most);
        }
        if (grain == WeightGrain.Tensor) Array.Fill(scales, scales.Max());
        // A channel of zeros has no range: any scale represents it.
        for (var n = 0; n < channels; n++)
            if (scales[n] == 0) scales[n] = 1;
        var quantized = new sbyte[values.Length];
        for (var i = 0; i < quantized.Length; i++)
            quantized[i] = (sbyte)Math.Clamp(MathF.Round(values[i] / scales[i / inner % channels]), -Most, Most);
        if (moments is not null)
            LearnedRounding.Improve(new(weights, channelAxis), moments, n => scales[n], quantized.AsSpan(), Most);
        return new(quantized, scales);
    }

    /// <summary>The floats that the bytes stand for.</summary>
    public Tensor Floats(Tensor weights, int channelAxis)
    {
        var inner = (int)weights.Dimensions.Skip(channelAxis + 1).Aggregate(1L, (product, d) => product * d);
        var floats = new float[Weights.Length];
        for (var i = 0; i < floats.Length; i++) floats[i] = Weights[i] * Scales[i / inner % Scales.Length];
        return Tensor.From<float>(floats, weights.Dimensions);
    }

    /// <summary>The units of the bias: one for each channel.</summary>
    public float[] BiasScales(float activationScale) => Array.ConvertAll(Scales, scale => scale * activationScale);

    public static int[] Bias(ReadOnlySpan<float> bias, float[] scales)
    {
        var units = new int[bias.Length];
        for (var n = 0; n < units.Length; n++)
            units[n] = (int)Math.Clamp(Math.Round((double)bias[n] / scales[n]), int.MinValue, int.MaxValue);
        return units;
    }
}
