using System.Collections.Concurrent;

namespace ServingStack.LoadTest.Load;

/// <summary>How often each kind of error came, with what the first of its kind said.</summary>
internal sealed class ErrorCounts
{
    private readonly ConcurrentDictionary<string, ErrorCount> _kinds = new();

    public IReadOnlyList<ErrorCount> Kinds => [.. _kinds.Values.OrderByDescending(k => k.Count)];

    public long Total => _kinds.Values.Sum(k => k.Count);

    public void Add(string status, string example) =>
        _kinds.AddOrUpdate(status, _ => new ErrorCount(status, 1, example), (_, kind) => kind with { Count = kind.Count + 1 });
}

/// <summary>One kind of error.</summary>
internal sealed record ErrorCount(string Status, long Count, string Example);
