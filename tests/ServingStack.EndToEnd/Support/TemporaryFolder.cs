namespace ServingStack.EndToEnd.Support;

/// <summary>A folder of its own for a test, gone when disposed.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("servingstack-").FullName;

    /// <summary>Writes a file, given by its path inside the folder.</summary>
    public void Write(ReadOnlySpan<byte> bytes, params string[] path)
    {
        var file = System.IO.Path.Combine([Path, .. path]);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, bytes);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
