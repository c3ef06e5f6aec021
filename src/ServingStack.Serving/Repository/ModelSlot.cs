using ServingStack.Serving.Telemetry;

namespace ServingStack.Serving.Repository;

/// <summary>
/// One model of the repository over time: which versions are loaded from which files, and what went wrong with the others. Used by the
/// repository's thread only.
/// </summary>
internal sealed class ModelSlot(string name, ServingMetrics metrics, TimeProvider time, RepositoryLog log)
{
    private readonly Dictionary<int, Loaded> _loaded = [];
    private readonly Dictionary<int, Failure> _failed = [];
    private ModelSettings _settings = new();
    private FileStamp? _settingsStamp;
    private string _settingsFault = "";
    private int _loading;

    public IReadOnlyDictionary<int, ServedModel> Ready => _loaded.ToDictionary(p => p.Key, p => p.Value.Model);

    public IEnumerable<ModelStatus> Statuses
    {
        get
        {
            foreach (var (version, loaded) in _loaded)
            {
                var remarks = Joined(loaded.Model.Note, _failed.GetValueOrDefault(version)?.Reason, _settingsFault);
                yield return new(name, version, ModelState.Ready, remarks);
            }
            foreach (var (version, failure) in _failed)
                if (!_loaded.ContainsKey(version)) yield return new(name, version, ModelState.Unavailable, failure.Reason);
            if (_loading > 0 && !_loaded.ContainsKey(_loading)) yield return new(name, _loading, ModelState.Loading);
        }
    }

    /// <summary>
    /// Brings what is loaded in line with the folder. <paramref name="publish"/> is called after every step that requests should see;
    /// <paramref name="retire"/> takes what is served no more.
    /// </summary>
    /// <param name="settled">Whether a file stood unchanged since the last look.</param>
    public void Reconcile(FoundModel found, Func<string, FileStamp, bool> settled, Action publish, Action<ServedModel> retire)
    {
        ReadSettings(found, settled);
        var chosen = new HashSet<int>();
        foreach (var version in _settings.VersionPolicy.Candidates(found.Versions.Keys))
        {
            if (chosen.Count >= _settings.VersionPolicy.Count) break;
            if (Bring(found, version, settled, publish, retire)) chosen.Add(version);
        }
        ForgetMissing(found);
        // While nothing wanted could be loaded, what serves goes on serving, unless its file is gone.
        foreach (var version in _loaded.Keys.ToArray())
            if (!found.Versions.ContainsKey(version) || (chosen.Count > 0 && !chosen.Contains(version))) Unload(version, retire);
        publish();
    }

    /// <summary>Lets go of every version.</summary>
    public void Clear(Action<ServedModel> retire)
    {
        foreach (var version in _loaded.Keys.ToArray()) Unload(version, retire);
    }

    /// <summary>Loads a version unless that very file is loaded or known to be broken; true when the version serves afterwards.</summary>
    private bool Bring(FoundModel found, int version, Func<string, FileStamp, bool> settled, Action publish, Action<ServedModel> retire)
    {
        var origin = new Origin(found.Versions[version], _settingsStamp);
        var serving = _loaded.TryGetValue(version, out var old);
        if (serving && old!.Origin == origin) return true;
        if (_failed.TryGetValue(version, out var failure) && failure.Origin == origin) return serving;
        if (!settled(found.ModelFile(version), origin.File)) return serving;
        _loading = version;
        publish();
        var loaded = TryLoad(found.ModelFile(version), version, origin);
        _loading = 0;
        if (!loaded) return serving;
        publish();
        if (serving) retire(old!.Model);
        return true;
    }

    private bool TryLoad(string file, int version, Origin origin)
    {
        var start = time.GetTimestamp();
        try
        {
            var model = ServedModel.Load(name, version, file, _settings, metrics, time);
            _loaded[version] = new Loaded(model, origin);
            _failed.Remove(version);
            metrics.CountLoad(name, version, "success", time.GetElapsedTime(start));
            log.Loaded(name, version, model.Platform, time.GetElapsedTime(start).TotalMilliseconds, model.Note);
            return true;
        }
        catch (Exception e)
        {
            var reason = e.Message.Contains(file, StringComparison.Ordinal) ? e.Message : $"{file}: {e.Message}";
            _failed[version] = new Failure(reason, origin);
            metrics.CountLoad(name, version, "failure", time.GetElapsedTime(start));
            log.LoadFailed(name, version, reason);
            return false;
        }
    }

    private void ReadSettings(FoundModel found, Func<string, FileStamp, bool> settled)
    {
        if (found.Settings == _settingsStamp) return;
        if (found.Settings is { } stamp && !settled(found.SettingsFile, stamp)) return;
        _settingsStamp = found.Settings;
        _settingsFault = "";
        try
        {
            _settings = found.Settings is null ? new() : ModelSettings.Parse(File.ReadAllBytes(found.SettingsFile), found.SettingsFile);
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            _settingsFault = $"The settings before (or the defaults) are in force: {e.Message}";
            log.SettingsRefused(name, e.Message);
        }
    }

    private void ForgetMissing(FoundModel found)
    {
        foreach (var version in _failed.Keys.Where(v => !found.Versions.ContainsKey(v)).ToArray()) _failed.Remove(version);
    }

    private void Unload(int version, Action<ServedModel> retire)
    {
        _loaded.Remove(version, out var loaded);
        log.Unloading(name, version);
        retire(loaded!.Model);
    }

    private static string Joined(params string?[] remarks) => string.Join(" ", remarks.Where(r => !string.IsNullOrEmpty(r)));

    /// <summary>What a version was made from: the model's file and the settings.</summary>
    private readonly record struct Origin(FileStamp File, FileStamp? Settings);

    private sealed record Loaded(ServedModel Model, Origin Origin);

    private sealed record Failure(string Reason, Origin Origin);
}
