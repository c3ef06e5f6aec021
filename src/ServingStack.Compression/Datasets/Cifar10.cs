namespace ServingStack.Compression.Datasets;

/// <summary>
/// CIFAR-10 (Krizhevsky 2009): colour images of 32 x 32 in ten classes. Its binary files hold records of one label byte and 3,072 pixel
/// bytes (red, green, blue planes); here each file is gzipped.
/// </summary>
public static class Cifar10
{
    private const int Extent = 32;
    private const int RecordSize = 1 + (3 * Extent * Extent);

    public static IReadOnlyList<string> ClassNames { get; } =
        ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

    /// <summary>Reads the test file, or all training files that the folder holds, in order of their names.</summary>
    /// <exception cref="DatasetException">No such file, or one that is malformed.</exception>
    public static ImageDataset Load(string folder, bool train)
    {
        var pattern = train ? "data_batch_*.bin.gz" : "test_batch.bin.gz";
        var files = Directory.Exists(folder) ? Directory.GetFiles(folder, pattern) : [];
        if (files.Length == 0) throw new DatasetException($"'{folder}' holds no {pattern}: name the folder of the binary CIFAR-10 files.");
        Array.Sort(files, StringComparer.Ordinal);
        return Join(Array.ConvertAll(files, ReadFile));
    }

    private static ImageDataset ReadFile(string path)
    {
        var bytes = GzipFile.ReadAllBytes(path);
        var count = bytes.Length / RecordSize;
        if (count == 0 || bytes.Length % RecordSize != 0)
            throw new DatasetException($"'{path}' holds {bytes.Length} bytes, expected records of {RecordSize} bytes: it is truncated or " +
                "no CIFAR-10 file.");
        var pixels = new byte[count * (RecordSize - 1)];
        var labels = new byte[count];
        for (var i = 0; i < count; i++)
        {
            labels[i] = bytes[i * RecordSize];
            bytes.AsSpan((i * RecordSize) + 1, RecordSize - 1).CopyTo(pixels.AsSpan(i * (RecordSize - 1)));
        }
        Labels.Check(labels, ClassNames.Count, path);
        return new("cifar10", 3, Extent, Extent, pixels, labels, ClassNames);
    }

    private static ImageDataset Join(ImageDataset[] parts) => parts.Length == 1 ? parts[0] : parts[0] with
    {
        Pixels = [.. parts.SelectMany(part => part.Pixels)],
        Labels = [.. parts.SelectMany(part => part.Labels)],
    };
}
