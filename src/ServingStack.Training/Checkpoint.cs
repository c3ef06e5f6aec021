using ServingStack.Training.Modules;
using TorchSharp.Modules;

namespace ServingStack.Training;

/// <summary>
/// The state of a run after an epoch, in one file that is replaced as a whole: which options, what the epochs came to, the module, the
/// optimizer.
/// </summary>
internal sealed class Checkpoint(string path, TrainingOptions options)
{
    // What must be equal for a run to go on as if it had not been broken.
    private readonly string _options = (options with { Checkpoint = null }).ToString();

    public void Save(GraphModule module, OptimizerHelper optimizer, IReadOnlyList<EpochRecord> history)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder) Directory.CreateDirectory(folder);
        var draft = path + ".draft";
        using (var writer = new BinaryWriter(File.Create(draft)))
        {
            writer.Write(_options);
            writer.Write(history.Count);
            foreach (var (epoch, loss, validation) in history)
            {
                writer.Write(epoch);
                writer.Write(loss);
                writer.Write(validation.Loss);
                writer.Write(validation.Accuracy);
            }
            module.save(writer);
            optimizer.save_state_dict(writer);
        }
        File.Move(draft, path, overwrite: true);
    }

    /// <summary>Fills the module and the optimizer, and returns the epochs that are done; none where there is no file.</summary>
    /// <exception cref="InvalidOperationException">The file is of a run with other options.</exception>
    public List<EpochRecord> Restore(GraphModule module, OptimizerHelper optimizer)
    {
        if (!File.Exists(path)) return [];
        using var reader = new BinaryReader(File.OpenRead(path));
        var saved = reader.ReadString();
        if (saved != _options)
            throw new InvalidOperationException($"The checkpoint '{path}' is of a run with other options ({saved}); now they are " +
                $"{_options}. Delete it to begin anew.");
        List<EpochRecord> history = [];
        for (var left = reader.ReadInt32(); left > 0; left--)
            history.Add(new(reader.ReadInt32(), reader.ReadDouble(), new(reader.ReadDouble(), reader.ReadDouble())));
        module.load(reader);
        optimizer.load_state_dict(reader);
        return history;
    }
}
