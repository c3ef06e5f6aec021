using System.Collections.Concurrent;

namespace ServingStack.Engine.Lowering;

/// <summary>
/// What all plans of a model share: packed weights, constants in native memory, sessions of fallback steps. Keys compare by value, so that
/// a plan for a new batch size finds what the first one packed. Thread-safe.
/// </summary>
internal sealed class WeightCache : IDisposable
{
    private readonly ConcurrentDictionary<object, Lazy<IDisposable>> _items = new();

    public T GetOrAdd<T>(object key, Func<T> create) where T : IDisposable
    {
        var item = _items.GetOrAdd(key, _ => new Lazy<IDisposable>(() => create()));
        try
        {
            return (T)item.Value;
        }
        catch
        {
            // A Lazy remembers its exception; the next plan shall get another chance.
            _items.TryRemove(key, out _);
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var item in _items.Values)
            if (item.IsValueCreated) item.Value.Dispose();
        _items.Clear();
    }
}
