using System.Collections.Concurrent;

namespace ServingStack.Kernels.Jit;

/// <summary>
/// Emitted kernels by what they were specialised on (a record, compared by value). Each is emitted once, whoever asks first; an emission
/// that
/// fails leaves no entry, so that the next request fails by itself and not by an older error.
/// </summary>
internal sealed class KernelCache(CodeListing listing)
{
    private readonly ConcurrentDictionary<object, Lazy<EmittedKernel>> _kernels = new();

    /// <summary>The process's kernels: they live as long as it does, and all models share them.</summary>
    public static KernelCache Shared { get; } = new(CodeListing.FromEnvironment());

    public int Count => _kernels.Count;

    public EmittedKernel GetOrEmit<TKey>(TKey key, Func<TKey, KernelEmitter> emitter) where TKey : class
    {
        var entry = _kernels.GetOrAdd(key, static (missing, create) => create(missing), (object missing) =>
            new Lazy<EmittedKernel>(() => Emit(emitter((TKey)missing))));
        try
        {
            return entry.Value;
        }
        catch
        {
            _kernels.TryRemove(new KeyValuePair<object, Lazy<EmittedKernel>>(key, entry));
            throw;
        }
    }

    private EmittedKernel Emit(KernelEmitter emitter)
    {
        var code = emitter.Emit(RegisterPoison.IsOn);
        var kernel = new EmittedKernel(emitter.Name, code);
        listing.Add(kernel, code);
        return kernel;
    }
}
