namespace ServingStack.Compression.Datasets;

/// <summary>
/// Labelled images of one size, in memory. <paramref name="Pixels"/> holds image after image, each channel after channel (red, green, blue
/// or grey alone), rows from the top, 0..255; <paramref name="Labels"/> are indices into <paramref name="ClassNames"/>.
/// </summary>
public sealed record ImageDataset(string Name, int Channels, int Height, int Width, byte[] Pixels, byte[] Labels,
    IReadOnlyList<string> ClassNames)
{
    public int Count => Labels.Length;

    /// <summary>Bytes of one image.</summary>
    public int ImageSize => Channels * Height * Width;

    /// <summary>The pixels of the image at <paramref name="index"/>.</summary>
    public ReadOnlySpan<byte> Image(int index) => Pixels.AsSpan(index * ImageSize, ImageSize);

    /// <summary>The first <paramref name="count"/> images, or all when there are fewer.</summary>
    public ImageDataset Take(int count) => count >= Count ? this
        : this with { Pixels = Pixels[..(count * ImageSize)], Labels = Labels[..count] };
}
