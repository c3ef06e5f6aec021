using ServingStack.Compression.Quantization;

namespace ServingStack.Compression.ValueAware;

/// <summary>How a model is brought to a few bits with the large numbers kept apart.</summary>
public sealed record ValueAwareOptions
{
    /// <summary>The largest share of large numbers.</summary>
    public const double MostLarge = 0.05;

    /// <summary>Bits of small weights and activations, 2 to 8.</summary>
    public int Bits { get; init; } = 4;

    /// <summary>Share of the numbers that are kept in 16 bits, 0 to <see cref="MostLarge"/>; of all layers' weights together.</summary>
    public double Large { get; init; } = 0.01;

    /// <summary>Bits of the first and the last layer: the one sees raw data, the errors of the other are mended by no later one.</summary>
    public int EdgeBits { get; init; } = 8;

    /// <summary>Weights of a channel that share a scale; 0 for all of them. It must divide the depth of a layer to be used there.</summary>
    public int Group { get; init; }

    /// <summary>Leaves activations in floats.</summary>
    public bool WeightsOnly { get; init; }

    /// <summary>Gives layers that suffer more a larger share of the large weights.</summary>
    public bool BySensitivity { get; init; } = true;

    /// <summary>Steps of the least squared error, which may clip, in place of those that just cover the small numbers.</summary>
    public bool Clip { get; init; } = true;

    /// <summary>Rounds weights by what the layer's inputs make of the error.</summary>
    public bool LearnedRounding { get; init; } = true;

    /// <summary>Gives each channel the mean and deviation back that it had: the batch normalizations, which are part of the weights by
    /// then, calibrated again.</summary>
    public bool Recalibrate { get; init; } = true;

    /// <summary>Names of nodes to leave in floats.</summary>
    public IReadOnlySet<string> Keep { get; init; } = new HashSet<string>();

    /// <summary>Calibration takes this many rows, from the first on.</summary>
    public int CalibrationRows { get; init; } = 500;

    /// <exception cref="QuantizationException">A number out of its range.</exception>
    public void Check()
    {
        foreach (var bits in (int[])[Bits, EdgeBits])
            if (bits is < 2 or > 8) throw new QuantizationException($"Codes of {bits} bits; 2 to 8 are expected.");
        if (!(Large is >= 0 and <= MostLarge))
            throw new QuantizationException(FormattableString.Invariant(
                $"The share of large numbers is {100 * Large} %; 0 to {100 * MostLarge:0} % is expected. With more of them a wider code is smaller."));
        if (Group < 0) throw new QuantizationException($"Groups of {Group} weights; 0 for whole channels, or for example 32, is expected.");
        if (CalibrationRows < 1) throw new QuantizationException($"Calibration on {CalibrationRows} rows; 1 or more is expected.");
    }
}
