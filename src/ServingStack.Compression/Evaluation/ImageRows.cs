using ServingStack.Compression.Datasets;
using ServingStack.Graphs;

namespace ServingStack.Compression.Evaluation;

/// <summary>Images as a classifier's input [count, channels, height, width].</summary>
public sealed class ImageRows(ImageDataset images, ChannelNormalization normalization) : ILabelledRows
{
    public int Count => images.Count;

    public Tensor[] Inputs(int first, int count)
    {
        var values = new float[count * images.ImageSize];
        var plane = images.Height * images.Width;
        for (var i = 0; i < count; i++)
        {
            var pixels = images.Image(first + i);
            for (var p = 0; p < pixels.Length; p++) values[(i * images.ImageSize) + p] = normalization.Apply(pixels[p], p / plane);
        }
        return [Tensor.From<float>(values, count, images.Channels, images.Height, images.Width)];
    }

    public float Target(int row) => images.Labels[row];
}
