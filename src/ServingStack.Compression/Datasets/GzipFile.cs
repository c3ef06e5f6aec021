using System.IO.Compression;

namespace ServingStack.Compression.Datasets;

/// <summary>Reads whole gzip files, with errors that name the file.</summary>
internal static class GzipFile
{
    public static byte[] ReadAllBytes(string path)
    {
        if (!File.Exists(path))
            throw new DatasetException($"'{path}' does not exist: name the folder that holds {Path.GetFileName(path)}.");
        try
        {
            using var source = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
            using var target = new MemoryStream();
            source.CopyTo(target);
            return target.ToArray();
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw new DatasetException($"'{path}' cannot be read as gzip ({e.Message}): download it again.", e);
        }
    }
}
