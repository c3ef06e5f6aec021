namespace ServingStack.Compression.Evaluation;

/// <summary>
/// From a pixel 0..255 to a number for a network: <c>(pixel / 255 - mean) / deviation</c>, with one mean and deviation a channel, or none.
/// </summary>
public sealed record ChannelNormalization(IReadOnlyList<float> Mean, IReadOnlyList<float> Deviation)
{
    /// <summary>Pixel / 255 alone.</summary>
    public static ChannelNormalization None { get; } = new([], []);

    /// <summary>The colour statistics of ImageNet, as most networks use them.</summary>
    public static ChannelNormalization ImageNet { get; } = new([0.485f, 0.456f, 0.406f], [0.229f, 0.224f, 0.225f]);

    public float Apply(byte pixel, int channel)
    {
        var value = pixel / 255f;
        return channel < Mean.Count ? (value - Mean[channel]) / Deviation[channel] : value;
    }
}
