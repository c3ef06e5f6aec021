using ServingStack.Compression.Datasets;
using ServingStack.Tests.Shared;

namespace ServingStack.Compression.Tests.Datasets;

public sealed class FashionMnistTests
{
    [Fact]
    public void Load_WrittenFiles_ReadsImagesAndLabels()
    {
        using var folder = new TemporaryFolder();
        folder.WriteGzip("t10k-images-idx3-ubyte.gz", [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 10, 20, 30, 40]);
        folder.WriteGzip("t10k-labels-idx1-ubyte.gz", [0, 0, 8, 1, 0, 0, 0, 2, 9, 1]);

        var images = FashionMnist.Load(folder.Path, train: false);

        Assert.Equal((2, 1, 1, 2), (images.Count, images.Channels, images.Height, images.Width));
        Assert.Equal([30, 40], images.Image(1).ToArray());
        Assert.Equal("Trouser", images.ClassNames[images.Labels[1]]);
    }

    [Fact]
    public void Load_WrongMagic_NamesFileAndExpectation()
    {
        using var folder = new TemporaryFolder();
        folder.WriteGzip("train-images-idx3-ubyte.gz", [0, 0, 8, 1, 0, 0, 0, 1, 5]);

        var error = Assert.Throws<DatasetException>(() => FashionMnist.Load(folder.Path, train: true));

        Assert.Contains("train-images-idx3-ubyte.gz", error.Message, StringComparison.Ordinal);
        Assert.Contains("00000801, expected 00000803", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_TruncatedElements_SaysHowManyThereShouldBe()
    {
        using var folder = new TemporaryFolder();
        folder.WriteGzip("t10k-images-idx3-ubyte.gz", [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 10, 20, 30]);

        var error = Assert.Throws<DatasetException>(() => FashionMnist.Load(folder.Path, train: false));

        Assert.Contains("holds 3 elements, but its header says 2 x 1 x 2 = 4", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_LabelOutOfRange_IsRefused()
    {
        using var folder = new TemporaryFolder();
        folder.WriteGzip("t10k-images-idx3-ubyte.gz", [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 10]);
        folder.WriteGzip("t10k-labels-idx1-ubyte.gz", [0, 0, 8, 1, 0, 0, 0, 1, 10]);

        var error = Assert.Throws<DatasetException>(() => FashionMnist.Load(folder.Path, train: false));

        Assert.Contains("labels record 0 with 10, expected 0..9", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_NoFile_SaysWhichFolderToName()
    {
        using var folder = new TemporaryFolder();

        var error = Assert.Throws<DatasetException>(() => FashionMnist.Load(folder.Path, train: false));

        Assert.Contains("name the folder that holds t10k-images-idx3-ubyte.gz", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_NotGzip_SaysToDownloadAgain()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(Path.Combine(folder.Path, "t10k-images-idx3-ubyte.gz"), "<html>not found</html>");

        var error = Assert.Throws<DatasetException>(() => FashionMnist.Load(folder.Path, train: false));

        Assert.Contains("cannot be read as gzip", error.Message, StringComparison.Ordinal);
    }

    [DataFact]
    public void Load_RealTestSet_HasATenthOfEachClass()
    {
        var images = FashionMnist.Load(TestData.Path("fashion-mnist"), train: false);

        Assert.Equal((10_000, 28, 28), (images.Count, images.Height, images.Width));
        Assert.All(images.Labels.CountBy(label => label), c => Assert.Equal(1000, c.Value));
    }
}
