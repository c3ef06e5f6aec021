using System.Globalization;

namespace ServingStack.Serving.Repository;

/// <summary>A file as it stood when it was looked at; a change of either is a new file.</summary>
internal readonly record struct FileStamp(DateTime Written, long Length)
{
    public static FileStamp? Of(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? new FileStamp(file.LastWriteTimeUtc, file.Length) : null;
    }
}

/// <summary>A model's folder: its settings file, if any, and its versions' files.</summary>
internal sealed record FoundModel(string Name, string Folder, FileStamp? Settings, IReadOnlyDictionary<int, FileStamp> Versions)
{
    public string SettingsFile => Path.Combine(Folder, "model.json");

    public string ModelFile(int version) => Path.Combine(Folder, $"{version}", "model.onnx");
}

/// <summary>
/// Reads a repository's layout, <c>&lt;name&gt;/&lt;integer version&gt;/model.onnx</c>. Folders that don't follow it (hidden ones, versions
/// that are no positive number, versions without a file) are not models.
/// </summary>
internal static class RepositoryScan
{
    public static IReadOnlyDictionary<string, FoundModel> Read(string folder) =>
        Directory.EnumerateDirectories(folder)
            .Where(d => !Path.GetFileName(d).StartsWith('.'))
            .Select(ReadModel)
            .Where(m => m.Versions.Count > 0)
            .ToDictionary(m => m.Name, StringComparer.Ordinal);

    private static FoundModel ReadModel(string folder)
    {
        var versions = new SortedDictionary<int, FileStamp>();
        foreach (var path in Directory.EnumerateDirectories(folder))
            if (TryParseVersion(Path.GetFileName(path), out var version) && FileStamp.Of(Path.Combine(path, "model.onnx")) is { } stamp)
                versions[version] = stamp;
        return new FoundModel(Path.GetFileName(folder), folder, FileStamp.Of(Path.Combine(folder, "model.json")), versions);
    }

    /// <summary>A version is a positive number without leading zeros, so that every version has one spelling.</summary>
    internal static bool TryParseVersion(string text, out int version) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out version) && version > 0 && text[0] != '0';
}
