using ServingStack.Compression.Datasets;
using ServingStack.Tests.Shared;

namespace ServingStack.Compression.Tests.Datasets;

public sealed class Cifar10Tests
{
    [Fact]
    public void Load_TwoTrainingFiles_JoinsThemInOrder()
    {
        using var folder = new TemporaryFolder();
        folder.WriteGzip("data_batch_2.bin.gz", [.. Record(7, 70)]);
        folder.WriteGzip("data_batch_1.bin.gz", [.. Record(3, 30), .. Record(4, 40)]);

        var images = Cifar10.Load(folder.Path, train: true);

        Assert.Equal([3, 4, 7], images.Labels);
        Assert.Equal((3, 32, 32), (images.Channels, images.Height, images.Width));
        Assert.All(images.Image(2).ToArray(), pixel => Assert.Equal(70, pixel));
    }

    [Fact]
    public void Load_HalfARecord_IsRefused()
    {
        using var folder = new TemporaryFolder();
        folder.WriteGzip("test_batch.bin.gz", Record(1, 1).AsSpan(0, 1000));

        var error = Assert.Throws<DatasetException>(() => Cifar10.Load(folder.Path, train: false));

        Assert.Contains("holds 1000 bytes, expected records of 3073 bytes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_EmptyFolder_SaysWhatIsMissing()
    {
        using var folder = new TemporaryFolder();

        var error = Assert.Throws<DatasetException>(() => Cifar10.Load(folder.Path, train: true));

        Assert.Contains("holds no data_batch_*.bin.gz", error.Message, StringComparison.Ordinal);
    }

    [DataFact]
    public void Load_RealTestSet_HasATenthOfEachClass() =>
        Assert.All(Cifar10.Load(TestData.Path("cifar10"), train: false).Labels.CountBy(label => label), c => Assert.Equal(1000, c.Value));

    private static byte[] Record(byte label, byte pixel)
    {
        var record = new byte[3073];
        Array.Fill(record, pixel);
        record[0] = label;
        return record;
    }
}
