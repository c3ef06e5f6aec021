using System.Runtime.InteropServices;

namespace ServingStack.Kernels.Machine;

/// <summary>
/// Memory outside the garbage-collected heap: starts at a cache line (64 bytes), is zero at first, never moves, lives until disposed.
/// </summary>
public sealed unsafe class NativeBuffer : IDisposable
{
    /// <summary>Bytes of a cache line, and of the widest vector.</summary>
    public const int Alignment = 64;

    private nint _address;

    /// <summary>Takes <paramref name="bytes"/> bytes, 0 or more.</summary>
    public NativeBuffer(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ByteLength = bytes;
        var rounded = (nuint)Math.Max(Alignment, (bytes + Alignment - 1) / Alignment * Alignment);
        _address = (nint)NativeMemory.AlignedAlloc(rounded, Alignment);
        NativeMemory.Clear((void*)_address, rounded);
        GC.AddMemoryPressure((long)rounded);
    }

    ~NativeBuffer() => Free();

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

    /// <summary>All bytes. A buffer beyond 2 GiB has no single span: use <see cref="Span{T}(long, int)"/>.</summary>
    public Span<byte> Bytes => new((void*)Address, checked((int)ByteLength));

    /// <summary>The whole buffer as elements; a last partial element is left out.</summary>
    public Span<T> Span<T>() where T : unmanaged => new((void*)Address, checked((int)(ByteLength / sizeof(T))));

    /// <summary><paramref name="count"/> elements from byte <paramref name="byteOffset"/> on.</summary>
    public Span<T> Span<T>(long byteOffset, int count) where T : unmanaged
    {
        ArgumentOutOfRangeException.ThrowIfNegative(byteOffset);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(byteOffset + ((long)count * sizeof(T)), ByteLength);
        return new Span<T>((void*)(Address + (nint)byteOffset), count);
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        var address = Interlocked.Exchange(ref _address, 0);
        if (address == 0) return;
        NativeMemory.AlignedFree((void*)address);
        GC.RemoveMemoryPressure(Math.Max(Alignment, (ByteLength + Alignment - 1) / Alignment * Alignment));
    }
}
