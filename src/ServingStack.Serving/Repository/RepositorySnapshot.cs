using System.Collections.Frozen;

namespace ServingStack.Serving.Repository;

/// <summary>What the repository serves at one moment. Immutable: a request reads one snapshot and never locks.</summary>
internal sealed record RepositorySnapshot(
    FrozenDictionary<string, FrozenDictionary<int, ServedModel>> Models, IReadOnlyList<ModelStatus> Statuses)
{
    public static RepositorySnapshot Empty { get; } = new(FrozenDictionary<string, FrozenDictionary<int, ServedModel>>.Empty, []);

    /// <summary>The version asked for, or the newest when <paramref name="version"/> is null; null when it is not served.</summary>
    public ServedModel? Find(string model, int? version)
    {
        if (!Models.TryGetValue(model, out var versions) || versions.Count == 0) return null;
        return versions.GetValueOrDefault(version ?? versions.Keys.Max());
    }
}
