namespace ServingStack.Compression.ValueAware;

/// <summary>How an activation is quantized: whole steps from least to most, numbers of larger magnitude than the threshold kept apart.</summary>
/// <param name="Share">Of numbers kept apart, on the calibration rows.</param>
public sealed record ActivationCodes(float Step, int Least, int Most, float Threshold, int Bits, double Share)
{
    internal static ActivationCodes Of(ActivationSamples samples, int bits, double share)
    {
        var most = samples.IsSigned ? (1 << (bits - 1)) - 1 : (1 << bits) - 1;
        var threshold = samples.Threshold(share);
        // Activations that are mostly zero may have no small number but that: then the step is that of all.
        if (threshold <= 0) threshold = samples.Most;
        return new(threshold > 0 ? threshold / most : 1, samples.IsSigned ? -most : 0, most, threshold, bits, share);
    }
}
