namespace ServingStack.Engine;

/// <summary>
/// The plans of one session by input shapes, most recently used first. Each plan has its own arena: kernels are bound to addresses, so an
/// arena shared by all plans could not grow under them; the bound on the number of plans is what bounds the memory.
/// </summary>
internal sealed class PlanCache(int capacity) : IDisposable
{
    private sealed record Entry(long[][] Shapes, Plan Plan)
    {
        public int Batch { get; set; }
    }

    private readonly List<Entry> _entries = [];

    public Plan? Find(IReadOnlyList<long[]> shapes)
    {
        for (var i = 0; i < _entries.Count; i++)
            if (Same(_entries[i].Shapes, shapes)) return Touch(i);
        return null;
    }

    public Plan? FindBatch(int batch)
    {
        for (var i = 0; i < _entries.Count; i++)
            if (_entries[i].Batch == batch) return Touch(i);
        return null;
    }

    public Plan Add(IReadOnlyList<long[]> shapes, Plan plan)
    {
        if (_entries.Count == capacity)
        {
            _entries[^1].Plan.Dispose();
            _entries.RemoveAt(_entries.Count - 1);
        }
        _entries.Insert(0, new Entry([.. shapes.Select(s => s.ToArray())], plan));
        return plan;
    }

    /// <summary>Remembers that the plan used last is the one for <paramref name="batch"/>.</summary>
    public Plan AddBatch(int batch, Plan plan)
    {
        _entries[0].Batch = batch;
        return plan;
    }

    public void Dispose()
    {
        foreach (var entry in _entries) entry.Plan.Dispose();
        _entries.Clear();
    }

    private Plan Touch(int index)
    {
        var entry = _entries[index];
        _entries.RemoveAt(index);
        _entries.Insert(0, entry);
        return entry.Plan;
    }

    private static bool Same(long[][] a, IReadOnlyList<long[]> b)
    {
        if (a.Length != b.Count) return false;
        for (var i = 0; i < a.Length; i++)
            if (!a[i].AsSpan().SequenceEqual(b[i])) return false;
        return true;
    }
}
