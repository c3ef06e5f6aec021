using ServingStack.Compression.Datasets;
using ServingStack.Compression.Evaluation;
using ServingStack.Training.Native;
using static TorchSharp.torch;

namespace ServingStack.Training.Data;

/// <summary>
/// Images for a classifier: input [n, channels, height, width] of pixels / 255, normalized where asked, targets [n] of class indices.
/// Augmentation moves an image by up to <paramref name="maxShift"/> pixels each way, the border black, and mirrors every other one (He et
/// al. 2016, section 4.2).
/// </summary>
public sealed class ImageData(
    ImageDataset images, int maxShift = 2, bool mirror = true, ChannelNormalization? normalization = null) : ITrainingData
{
    // Each channel's number for each pixel value; the first is black.
    private readonly float[][] _numbers = [.. Enumerable.Range(0, images.Channels).Select(channel =>
        Enumerable.Range(0, 256).Select(p => (normalization ?? ChannelNormalization.None).Apply((byte)p, channel)).ToArray())];

    static ImageData() => TorchRuntime.EnsureLoaded();

    public int Count => images.Count;

    public Batch Take(ReadOnlySpan<int> rows, Random? augmentation = null)
    {
        var pixels = new float[rows.Length * images.ImageSize];
        var labels = new long[rows.Length];
        for (var i = 0; i < rows.Length; i++)
        {
            labels[i] = images.Labels[rows[i]];
            var target = pixels.AsSpan(i * images.ImageSize, images.ImageSize);
            if (augmentation is null) Copy(images.Image(rows[i]), target, 0, 0, false);
            else Copy(images.Image(rows[i]), target, Shift(augmentation), Shift(augmentation), mirror && augmentation.Next(2) == 1);
        }
        return new([tensor(pixels, [rows.Length, images.Channels, images.Height, images.Width])], tensor(labels));
    }

    private int Shift(Random random) => random.Next(-maxShift, maxShift + 1);

    private void Copy(ReadOnlySpan<byte> source, Span<float> target, int down, int right, bool mirrored)
    {
        var (height, width) = (images.Height, images.Width);
        for (var row = 0; row < images.Channels * height; row++)
        {
            var (channel, y) = (row / height, (row % height) - down);
            var numbers = _numbers[channel];
            var written = target.Slice(row * width, width);
            written.Fill(numbers[0]);
            if (y < 0 || y >= height) continue;
            var line = source.Slice(((channel * height) + y) * width, width);
            for (var x = Math.Max(0, right); x < Math.Min(width, width + right); x++)
                written[x] = numbers[line[mirrored ? width - 1 - (x - right) : x - right]];
        }
    }
}
