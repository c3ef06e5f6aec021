using System.IO.Compression;

namespace ServingStack.Compression.Datasets;

/// <summary>
/// Photographs with class numbers: a zip file or a folder that holds image files and <c>labels.tsv</c>, whose lines are class index,
/// WordNet id, name, file name, separated by tabs. Images are decoded when they are asked for.
/// </summary>
public sealed class ImageFolder : IDisposable
{
    private const string LabelsFile = "labels.tsv";

    private readonly ZipArchive? _archive;
    private readonly string _path;
    private readonly (int Label, string File)[] _images;

    private ImageFolder(string path)
    {
        _path = path;
        _archive = File.Exists(path) ? ZipFile.OpenRead(path) : null;
        using var labels = new StreamReader(new MemoryStream(ReadAll(LabelsFile)));
        _images = [.. Lines(labels).Select(Parse)];
    }

    public int Count => _images.Length;

    /// <exception cref="IOException">There is no such folder or zip file, or it has no readable labels.</exception>
    public static ImageFolder Open(string path) => File.Exists(path) || Directory.Exists(path)
        ? new ImageFolder(path)
        : throw new FileNotFoundException($"'{path}' is no folder and no zip file: name what holds the images and {LabelsFile}.");

    public int Label(int index) => _images[index].Label;

    /// <summary>Decodes an image into <paramref name="target"/> as the network wants it (channels first).</summary>
    public void Read(int index, ImagePreparation preparation, Span<float> target) =>
        preparation.Decode(ReadAll(_images[index].File), _images[index].File, target);

    public void Dispose() => _archive?.Dispose();

    private byte[] ReadAll(string name)
    {
        if (_archive is null) return File.ReadAllBytes(Path.Combine(_path, name));
        var entry = _archive.GetEntry(name) ?? throw new FileNotFoundException($"'{_path}' holds no {name}.");
        using var stream = entry.Open();
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    private (int Label, string File) Parse(string line)
    {
        var fields = line.Split('\t');
        return fields.Length == 4 && int.TryParse(fields[0], out var label)
            ? (label, fields[3])
            : throw new InvalidDataException($"'{_path}': the line '{line}' of {LabelsFile} is not class, WordNet id, name, file.");
    }

    private static IEnumerable<string> Lines(StreamReader reader)
    {
        while (reader.ReadLine() is { } line)
            if (line.Length > 0) yield return line;
    }
}
