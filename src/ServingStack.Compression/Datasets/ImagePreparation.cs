using SkiaSharp;

namespace ServingStack.Compression.Datasets;

/// <summary>
/// From an encoded photograph to a network's input: centre crop (after enlarging where the image is smaller), channels in the order the
/// network learned, and per channel <c>(value * Scale - Mean) / Deviation</c> with values 0..255. Channels first.
/// </summary>
/// <param name="Size">Height and width in pixels.</param>
/// <param name="BlueFirst">Channels are blue, green, red.</param>
/// <param name="Scale">Factor on the 0..255 values.</param>
/// <param name="Mean">One number a channel, in the order of the channels.</param>
/// <param name="Deviation">One number a channel, in the order of the channels.</param>
public sealed record ImagePreparation(int Size, bool BlueFirst, float Scale, IReadOnlyList<float> Mean, IReadOnlyList<float> Deviation)
{
    /// <summary>The colour statistics of ImageNet, for values 0..1, as most networks subtract them.</summary>
    public static ImagePreparation ImageNet(int size) => new(size, false, 1f / 255, [0.485f, 0.456f, 0.406f], [0.229f, 0.224f, 0.225f]);

    /// <summary>Caffe's habit: blue first, 0..255, channel means taken off.</summary>
    public static ImagePreparation Caffe(int size) => new(size, true, 1, [104, 117, 123], [1, 1, 1]);

    /// <summary>Values from -1 to 1.</summary>
    public static ImagePreparation MinusOneToOne(int size) => new(size, false, 1 / 127.5f, [1, 1, 1], [1, 1, 1]);

    public int ElementCount => 3 * Size * Size;

    /// <summary>Decodes an image file and writes <see cref="ElementCount"/> numbers.</summary>
    /// <exception cref="InvalidDataException">The bytes are no image.</exception>
    public void Decode(byte[] encoded, string name, Span<float> target)
    {
        using var image = Load(encoded) ?? throw new InvalidDataException($"'{name}' is no image that can be decoded.");
        using var enlarged = Enlarge(image);
        var source = enlarged ?? image;
        var pixels = source.GetPixelSpan();
        var (left, top) = ((source.Width - Size) / 2, (source.Height - Size) / 2);
        for (var channel = 0; channel < 3; channel++)
        {
            var plane = target.Slice(channel * Size * Size, Size * Size);
            var component = BlueFirst ? 2 - channel : channel;
            for (var i = 0; i < plane.Length; i++)
                plane[i] = ((pixels[(4 * (((top + (i / Size)) * source.Width) + left + (i % Size))) + component] * Scale) - Mean[channel]) / Deviation[channel];
        }
    }

    private static SKBitmap? Load(byte[] encoded)
    {
        using var codec = SKCodec.Create(new MemoryStream(encoded));
        return codec is null ? null : SKBitmap.Decode(codec, codec.Info.WithColorType(SKColorType.Rgba8888));
    }

    /// <summary>An image whose shorter side has the crop's size; null when the image is large enough as it is.</summary>
    private SKBitmap? Enlarge(SKBitmap image)
    {
        var shorter = Math.Min(image.Width, image.Height);
        if (shorter >= Size) return null;
        var info = image.Info.WithSize((image.Width * Size) / shorter, (image.Height * Size) / shorter);
        return image.Resize(info, SKFilterQuality.High);
    }
}
