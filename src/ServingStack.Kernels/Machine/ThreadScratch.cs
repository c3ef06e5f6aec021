namespace ServingStack.Kernels.Machine;

/// <summary>
/// Scratch memory of the running thread, the same for all kernels that it runs one after another, so that it stays in the caches. A thread
/// takes it when it first runs a kernel that needs more than any before; later runs take nothing. What it holds at first is not defined.
/// </summary>
internal static class ThreadScratch
{
    [ThreadStatic]
    private static NativeBuffer? _memory;

    /// <summary>At least that many bytes, until the same thread asks again; aligned as <see cref="NativeBuffer"/>.</summary>
    public static nint Take(long bytes)
    {
        if (_memory is { } memory && memory.ByteLength >= bytes) return memory.Address;
        return Grow(bytes);
    }

    private static nint Grow(long bytes)
    {
        _memory?.Dispose();
        _memory = new NativeBuffer(bytes);
        return _memory.Address;
    }
}
