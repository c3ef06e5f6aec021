using System.IO.Compression;
using System.Text;

namespace ServingStack.Compression.Tests.Datasets;

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("servingstack-").FullName;

    public void WriteGzip(string name, params ReadOnlySpan<byte> bytes)
    {
        using var file = new GZipStream(File.Create(System.IO.Path.Combine(Path, name)), CompressionLevel.Fastest);
        file.Write(bytes);
    }

    public void WriteGzip(string name, string text) => WriteGzip(name, Encoding.UTF8.GetBytes(text));

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
