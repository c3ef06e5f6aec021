namespace ServingStack.Kernels.Machine;

/// <summary>
/// Memory for what is read at random places: zero at first, in pages of 2 MiB where the system grants them, so that a row costs no walk
/// through the page tables. It starts at such a page and lives until disposed.
/// </summary>
public sealed class HugePageBuffer : IDisposable
{
    /// <summary>Bytes of a huge page (x64, and arm64 with 4 KiB pages).</summary>
    public const int PageBytes = 2 << 20;

    private readonly nint _mapped;
    private readonly nint _mappedBytes;
    private nint _address;

    /// <summary>Takes <paramref name="bytes"/> bytes, 0 or more.</summary>
    public HugePageBuffer(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ByteLength = bytes;
        var rounded = (nint)((Math.Max(1, bytes) + PageBytes - 1) / PageBytes * PageBytes);
        // The system aligns to its small pages: one huge page more leaves room for an aligned start.
        _mappedBytes = rounded + PageBytes;
        _mapped = VirtualMemory.Allocate(_mappedBytes);
        _address = (_mapped + PageBytes - 1) / PageBytes * PageBytes;
        VirtualMemory.PreferHugePages(_address, rounded);
        GC.AddMemoryPressure(_mappedBytes);
    }

    ~HugePageBuffer() => Free();

    public long ByteLength { get; }

    /// <summary>The first byte's address. Whoever keeps it must keep the buffer alive as well.</summary>
    public nint Address
    {
        get
        {
            ObjectDisposedException.ThrowIf(_address == 0, this);
            return _address;
        }
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (Interlocked.Exchange(ref _address, 0) == 0) return;
        VirtualMemory.Free(_mapped, _mappedBytes);
        GC.RemoveMemoryPressure(_mappedBytes);
    }
}
