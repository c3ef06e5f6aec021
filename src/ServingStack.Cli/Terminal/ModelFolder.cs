using System.Globalization;
using ServingStack.Graphs;
using ServingStack.Graphs.Onnx;

namespace ServingStack.Cli.Terminal;

/// <summary>
/// A place in a model repository that a finished model moves into at once: it is written beside, in a hidden folder that servers do not
/// look into, and renamed. A crash leaves a hidden folder, never half a model.
/// </summary>
internal sealed class ModelFolder(string repository, string name)
{
    private string Folder => Path.Combine(repository, name);

    /// <summary>The version asked for, or one more than the highest there is.</summary>
    /// <exception cref="UsageException">The version is there already.</exception>
    public int Free(int? version)
    {
        if (version < 1) throw new UsageException($"--model-version is {version}, expected 1 or more.");
        if (version is { } asked && Directory.Exists(Path.Combine(Folder, $"{asked}")))
            throw new UsageException(
                $"'{Path.Combine(Folder, $"{asked}")}' exists; name another --model-version, or none for the next one.");
        return version ?? 1 + Versions().DefaultIfEmpty(0).Max();
    }

    /// <summary>Writes a version with files beside the model, and returns the model's path.</summary>
    public string Write(Graph graph, int version, IReadOnlyDictionary<string, string> files)
    {
        var target = Path.Combine(Folder, $"{version}");
        var draft = Path.Combine(repository, $".draft-{Path.GetRandomFileName()}");
        try
        {
            Directory.CreateDirectory(draft);
            OnnxWriter.Save(graph, Path.Combine(draft, "model.onnx"));
            foreach (var (file, text) in files) File.WriteAllText(Path.Combine(draft, file), text);
            Directory.CreateDirectory(Folder);
            Directory.Move(draft, target);
        }
        catch
        {
            if (Directory.Exists(draft)) Directory.Delete(draft, recursive: true);
            throw;
        }
        return Path.Combine(target, "model.onnx");
    }

    private IEnumerable<int> Versions() => (Directory.Exists(Folder) ? Directory.GetDirectories(Folder) : []).Select(Path.GetFileName)
        .Select(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : 0);
}
