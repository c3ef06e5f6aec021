using System.IO.Compression;
using ServingStack.Tests.Shared;

namespace ServingStack.Conformance;

/// <summary>
/// ONNX's own backend test cases, read inside their zip files: a model, and the inputs and outputs of its first data set.
/// </summary>
internal sealed record BackendCase(string Name, byte[] Model, IReadOnlyList<byte[]> Inputs, IReadOnlyList<byte[]> Outputs)
{
    public static IEnumerable<BackendCase> ReadAll(string archive)
    {
        using var zip = ZipFile.OpenRead(TestData.Path("onnx-backend", archive));
        var folders = zip.Entries.Where(e => e.FullName.Contains('/')).GroupBy(e => e.FullName[..e.FullName.IndexOf('/')]);
        foreach (var folder in folders)
            if (folder.FirstOrDefault(e => e.Name == "model.onnx") is { } model)
                yield return new BackendCase(folder.Key, Bytes(model), DataOf(folder, "input_"), DataOf(folder, "output_"));
    }

    /// <summary>The networks of light.zip: a model file each, without a folder, and its expected outputs.</summary>
    public static IEnumerable<BackendCase> ReadNetworks()
    {
        using var zip = ZipFile.OpenRead(TestData.Path("onnx-backend", "light.zip"));
        foreach (var model in zip.Entries.Where(e => e.Name.EndsWith(".onnx", StringComparison.Ordinal)))
        {
            var name = Path.GetFileNameWithoutExtension(model.Name);
            yield return new BackendCase(name, Bytes(model), [], DataOf(zip.Entries, name + "_output_"));
        }
    }

    private static List<byte[]> DataOf(IEnumerable<ZipArchiveEntry> entries, string prefix) =>
        [.. entries.Where(e => e.Name.StartsWith(prefix, StringComparison.Ordinal)
            && (e.FullName == e.Name || e.FullName.Contains("/test_data_set_0/")))
            .OrderBy(e => int.Parse(e.Name[prefix.Length..^3])).Select(Bytes)];

    private static byte[] Bytes(ZipArchiveEntry entry)
    {
        using var stream = entry.Open();
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}
