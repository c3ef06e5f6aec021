namespace ServingStack.Graphs.Passes.Quantized;

/// <summary>Constant weights as signed bytes with one scale in all or one for each output channel.</summary>
internal sealed record QuantizedWeights(Tensor Bytes, float[] Scales, int Channels)
{
    /// <summary>Bias units beyond this leave no room for the products in a 32-bit accumulator.</summary>
    private const double MaxBias = 1 << 30;

    /// <summary>Weights read through a DequantizeLinear of constants; null when they do not fit signed bytes about zero.</summary>
    public static QuantizedWeights? Of(Value? value, int channelAxis)
    {
        if (value?.Producer is not { OpType: "DequantizeLinear", Domain: "" } node || node.Input(0)?.Constant is not { } stored)
            return null;
        if (GraphEdits.Floats(node.Input(1)) is not { } scales || (node.Input(2) is not null && node.Input(2)!.Constant is null))
            return null;
        var axis = node.Attributes.Int("axis", 1);
        if (scales.Length > 1 && (axis < 0 ? axis + stored.Rank : axis) != channelAxis) return null;
        return Of(stored, scales, node.Input(2)?.Constant, channelAxis);
    }

    /// <summary>Integers minus their zero points; u8 about 128 becomes s8.</summary>
    public static QuantizedWeights? Of(Tensor stored, float[] scales, Tensor? zeroPoint, int channelAxis)
    {
        if (stored.ElementType is not (ElementType.UInt8 or ElementType.Int8) || channelAxis >= stored.Rank) return null;
        var channels = (int)stored.Dimensions[channelAxis];
        var zeros = zeroPoint?.ToInt64s() ?? [0];
        if ((scales.Length != 1 && scales.Length != channels) || (zeros.Length != 1 && zeros.Length != channels)) return null;
        if (Array.TrueForAll(zeros, z => z == 0) && stored.ElementType == ElementType.Int8) return new(stored, scales, channels);
        var inner = (int)stored.Dimensions.Skip(channelAxis + 1).Aggregate(1L, (p, e) => p * e);
        var values = stored.ToInt64s();
        for (var i = 0; i < values.Length; i++) values[i] -= zeros[zeros.Length == 1 ? 0 : i / inner % channels];
        return Array.TrueForAll(values, v => v is >= -128 and <= 127)
            ? new(Tensor.From<sbyte>(Array.ConvertAll(values, v => (sbyte)v), stored.Dimensions), scales, channels)
            : null;
    }

    /// <summary>
    /// A bias in units of <paramref name="xScale"/> times the channel's scale; null when a channel's is too large for that.
    /// </summary>
    public Tensor? Bias(double[] bias, float xScale)
    {
        var units = new int[Channels];
        for (var n = 0; n < Channels; n++)
        {
            var unit = bias[bias.Length == 1 ? 0 : n] / ((double)xScale * Scales[Scales.Length == 1 ? 0 : n]);
            if (!(Math.Abs(unit) <= MaxBias)) return null;
            units[n] = (int)Math.Round(unit, MidpointRounding.ToEven);
        }
        return Tensor.From<int>(units, Channels);
    }
}
