namespace ServingStack.Compression.Datasets;

/// <summary>Fashion-MNIST (Xiao, Rasul, Vollgraf 2017): 60,000 + 10,000 grey images of 28 x 28, ten kinds of clothing, as gzipped IDX
/// files.</summary>
public static class FashionMnist
{
    public static IReadOnlyList<string> ClassNames { get; } =
        ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

    /// <summary>Reads the training or the test images from the folder of the four files.</summary>
    /// <exception cref="DatasetException">A file is missing or malformed.</exception>
    public static ImageDataset Load(string folder, bool train)
    {
        var prefix = Path.Combine(folder, train ? "train" : "t10k");
        var (extents, pixels) = IdxFile.Read($"{prefix}-images-idx3-ubyte.gz", 3);
        var (_, labels) = IdxFile.Read($"{prefix}-labels-idx1-ubyte.gz", 1);
        if (labels.Length != extents[0])
            throw new DatasetException($"'{folder}' holds {extents[0]} images but {labels.Length} labels: the files belong to different " +
                "sets.");
        Labels.Check(labels, ClassNames.Count, $"{prefix}-labels-idx1-ubyte.gz");
        return new("fashion-mnist", 1, extents[1], extents[2], pixels, labels, ClassNames);
    }
}
