using System.Collections.Frozen;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ServingStack.Serving.Errors;
using ServingStack.Serving.Telemetry;

namespace ServingStack.Serving.Repository;

/// <summary>
/// The models of a folder, kept in line with it. One task loads and unloads; requests read an immutable snapshot. A model that cannot be
/// loaded is reported in <see cref="Statuses"/> and disturbs nobody. Thread-safe.
/// </summary>
public sealed class ModelRepository : IAsyncDisposable
{
    private readonly RepositoryOptions _options;
    private readonly ServingMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly RepositoryLog _log;
    private readonly Dictionary<string, ModelSlot> _slots = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FileStamp> _seen = new(StringComparer.Ordinal);
    private readonly List<Task> _retiring = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _firstLook = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile RepositorySnapshot _snapshot = RepositorySnapshot.Empty;
    private volatile bool _draining;
    private Task _loop = Task.CompletedTask;

    public ModelRepository(
        RepositoryOptions options, ServingMetrics metrics, TimeProvider? time = null, ILogger<ModelRepository>? logger = null)
    {
        (_options, _metrics, _time) = (options, metrics, time ?? TimeProvider.System);
        _log = new RepositoryLog(logger ?? NullLogger<ModelRepository>.Instance);
    }

    /// <summary>All versions that are served, or should be, by model and version.</summary>
    public IReadOnlyList<ModelStatus> Statuses => _snapshot.Statuses;

    /// <summary>Names of the models that have a version to serve or one that could not be loaded.</summary>
    public IEnumerable<string> Models => _snapshot.Statuses.Select(s => s.Model).Distinct();

    /// <summary>Whether requests are taken: the first look is over, the server is not stopping, and not every model is broken.</summary>
    public bool IsReady =>
        _firstLook.Task.IsCompletedSuccessfully && !_draining && (_snapshot.Models.Count > 0 || _snapshot.Statuses.Count == 0);

    /// <summary>Ends when every model of the folder has been loaded, or has failed to.</summary>
    public Task FirstLook => _firstLook.Task;

    /// <summary>Starts to look at the folder.</summary>
    public void Start() =>
        _loop = Task.Factory.StartNew(LoopAsync, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();

    /// <summary>Refuses new requests from now on; those that came before are answered.</summary>
    public void Drain() => _draining = true;

    /// <summary>The versions of a model that take requests, oldest first.</summary>
    public IReadOnlyList<int> ReadyVersions(string model) =>
        _snapshot.Models.TryGetValue(model, out var versions) ? [.. versions.Keys.Order()] : [];

    /// <summary>
    /// Gets hold of a model to use. <paramref name="version"/> empty or null means the newest one that is ready.
    /// </summary>
    public ModelLease? Acquire(string model, string? version, out ServingError? error)
    {
        error = null;
        if (_draining) error = ServingError.Unavailable("The server is stopping: send the request to another one.");
        var number = 0;
        if (!string.IsNullOrEmpty(version) && !RepositoryScan.TryParseVersion(version, out number))
            error ??= ServingError.NotFound($"Model '{model}' has no version '{version}': versions are whole numbers from 1.");
        while (error is null)
        {
            if (_snapshot.Find(model, number == 0 ? null : number) is not { } found) error = WhyMissing(model, number);
            else if (found.TryHold()) return new ModelLease(found);
        }
        return null;
    }

    /// <summary>Stops looking, finishes what runs, and unloads everything.</summary>
    public async ValueTask DisposeAsync()
    {
        Drain();
        await _stop.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        foreach (var slot in _slots.Values) slot.Clear(Retire);
        await Task.WhenAll(_retiring).ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task LoopAsync()
    {
        Look(first: true);
        _firstLook.TrySetResult();
        if (_options.PollInterval <= TimeSpan.Zero) return;
        using var timer = new PeriodicTimer(_options.PollInterval, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false)) Look(first: false);
        }
        catch (OperationCanceledException)
        {
            // Stopped, which is how this loop ends.
        }
    }

    /// <summary>Brings everything in line with the folder as it is now.</summary>
    /// <param name="first">Whether files are taken as they are, without waiting for a second look to find them unchanged.</param>
    internal void Look(bool first)
    {
        try
        {
            var found = RepositoryScan.Read(_options.Folder);
            foreach (var gone in _slots.Keys.Except(found.Keys).ToArray()) Drop(gone);
            foreach (var model in found.Values.OrderBy(m => m.Name, StringComparer.Ordinal))
            {
                if (_stop.IsCancellationRequested) return;
                if (!_slots.TryGetValue(model.Name, out var slot))
                    _slots[model.Name] = slot = new ModelSlot(model.Name, _metrics, _time, _log);
                slot.Reconcile(model, (path, stamp) => HasSettled(path, stamp) || first, Publish, Retire);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _log.ScanFailed(_options.Folder, e.Message);
        }
    }

    /// <summary>Whether the file looks as it did at the last look; remembers how it looks now.</summary>
    private bool HasSettled(string path, FileStamp stamp)
    {
        var settled = _seen.TryGetValue(path, out var before) && before == stamp;
        _seen[path] = stamp;
        return settled;
    }

    private void Drop(string model)
    {
        _slots.Remove(model, out var slot);
        slot!.Clear(Retire);
        Publish();
    }

    private void Retire(ServedModel model)
    {
        Publish();
        _retiring.RemoveAll(t => t.IsCompleted);
        _retiring.Add(Task.Run(async () => await model.DisposeAsync().ConfigureAwait(false)));
    }

    private void Publish() => _snapshot = new RepositorySnapshot(
        _slots.Where(s => s.Value.Ready.Count > 0).ToFrozenDictionary(s => s.Key, s => s.Value.Ready.ToFrozenDictionary()),
        [.. _slots.Values.SelectMany(s => s.Statuses).OrderBy(s => s.Model, StringComparer.Ordinal).ThenBy(s => s.Version)]);

    private ServingError WhyMissing(string model, int version)
    {
        var known = Statuses.Where(s => s.Model == model).ToArray();
        if (known.Length == 0)
            return ServingError.NotFound($"There is no model '{model}'. The repository has {Listed(Models.Select(m => $"'{m}'"))}.");
        var asked = known.Where(s => s.Version == version || version == 0).ToArray();
        if (asked.Length == 0)
            return ServingError.NotFound($"Model '{model}' has no version {version}, only {Listed(known.Select(s => $"{s.Version}"))}.");
        return ServingError.Unavailable(
            $"Model '{model}' is not ready: {string.Join(" ", asked.Select(s => $"version {s.Version} is {s.State}. {s.Reason}"))}");
    }

    private static string Listed(IEnumerable<string> items) => string.Join(", ", items.DefaultIfEmpty("none"));
}
