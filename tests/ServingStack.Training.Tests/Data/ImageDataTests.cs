using ServingStack.Compression.Datasets;
using ServingStack.Compression.Evaluation;
using ServingStack.Tests.Shared;
using ServingStack.Training.Data;

namespace ServingStack.Training.Tests.Data;

public sealed class ImageDataTests
{
    private static readonly ImageDataset Images = new("two", 3, 4, 4,
        [.. Enumerable.Range(0, 96).Select(i => (byte)(i + 100))], [1, 0], ["a", "b"]);

    [TorchFact]
    public void Take_Normalized_IsWhatEvaluationFeeds()
    {
        var batch = new ImageData(Images, normalization: ChannelNormalization.ImageNet).Take([1, 0]);

        var expected = new ImageRows(Images, ChannelNormalization.ImageNet);
        float[] numbers = [.. expected.Inputs(1, 1)[0].As<float>(), .. expected.Inputs(0, 1)[0].As<float>()];
        Assert.Equal(numbers, batch.Inputs[0].data<float>().ToArray());
        Assert.Equal([0L, 1], batch.Targets.data<long>().ToArray());
    }

    [TorchFact]
    public void Take_Augmented_HoldsPixelsOfTheImageAndNormalizedBlack()
    {
        var normalization = ChannelNormalization.ImageNet;
        var data = new ImageData(Images, maxShift: 3, normalization: normalization);
        var random = new Random(5);
        for (var trial = 0; trial < 20; trial++)
        {
            var numbers = data.Take([0], random).Inputs[0].data<float>().ToArray();
            for (var channel = 0; channel < 3; channel++)
            {
                var allowed = Images.Image(0).Slice(channel * 16, 16).ToArray().Append((byte)0)
                    .Select(p => normalization.Apply(p, channel)).ToHashSet();
                Assert.All(numbers[(channel * 16)..((channel + 1) * 16)], n => Assert.Contains(n, allowed));
            }
        }
    }
}
