using ServingStack.Graphs;
using ServingStack.Graphs.Onnx;

namespace ServingStack.Tests.Support;

/// <summary>A model repository in a folder of its own, gone when disposed.</summary>
internal sealed class TemporaryRepository : IDisposable
{
    private int _writes;

    public string Folder { get; } = Directory.CreateTempSubdirectory("servingstack-").FullName;

    public TemporaryRepository Add(string model, int version, Graph graph) => Add(model, version, OnnxWriter.ToBytes(graph));

    public TemporaryRepository Add(string model, int version, byte[] file) => Write(file, model, $"{version}", "model.onnx");

    public TemporaryRepository Settings(string model, string json) => Write(System.Text.Encoding.UTF8.GetBytes(json), model, "model.json");

    public void Remove(string model, int? version = null) =>
        Directory.Delete(version is null ? Path.Combine(Folder, model) : Path.Combine(Folder, model, $"{version}"), recursive: true);

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    /// <summary>Each write gets a time of its own, so that a change shows even within a clock's tick.</summary>
    private TemporaryRepository Write(byte[] bytes, params string[] path)
    {
        var file = Path.Combine([Folder, .. path]);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, bytes);
        File.SetLastWriteTimeUtc(file, new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddSeconds(_writes++));
        return this;
    }
}
