namespace ServingStack.Engine;

/// <summary>What a plan owns outside the garbage-collected heap: its arena and own constants, and what its kernels hold.</summary>
internal sealed class PlanMemory(IEnumerable<IDisposable> owned) : IDisposable
{
    private readonly List<IDisposable> _owned = [.. owned];

    public void Add(IDisposable owned) => _owned.Add(owned);

    public void Dispose()
    {
        // What was bound last reads what was allocated first.
        for (var i = _owned.Count - 1; i >= 0; i--) _owned[i].Dispose();
    }
}
