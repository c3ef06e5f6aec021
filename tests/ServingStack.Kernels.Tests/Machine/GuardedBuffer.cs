using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Tests.Machine;

/// <summary>
/// Memory whose last byte is followed by a page that may not be touched, and whose first is preceded by one as well: a kernel that reads or
/// writes past its end crashes the test run instead of passing by luck. (The start is exact only when the size fills whole pages.)
/// </summary>
internal sealed unsafe class GuardedBuffer : IDisposable
{
    private readonly nint _pages;
    private readonly nint _mappedBytes;

    /// <summary>
    /// Takes <paramref name="bytes"/> bytes ending at the guard page, so the address has no alignment beyond the size's own.
    /// </summary>
    public GuardedBuffer(int bytes)
    {
        var usable = Math.Max(VirtualMemory.RoundUpToPage(bytes), VirtualMemory.PageBytes);
        _mappedBytes = usable + (2 * VirtualMemory.PageBytes);
        _pages = VirtualMemory.Allocate(_mappedBytes);
        VirtualMemory.Protect(_pages, VirtualMemory.PageBytes, PageAccess.None);
        VirtualMemory.Protect(_pages + VirtualMemory.PageBytes + usable, VirtualMemory.PageBytes, PageAccess.None);
        Address = _pages + VirtualMemory.PageBytes + usable - bytes;
        ByteLength = bytes;
    }

    public nint Address { get; }

    public int ByteLength { get; }

    public Span<byte> Bytes => new((void*)Address, ByteLength);

    public Span<T> Span<T>() where T : unmanaged => new((void*)Address, ByteLength / sizeof(T));

    public static GuardedBuffer Of<T>(ReadOnlySpan<T> content) where T : unmanaged
    {
        var buffer = new GuardedBuffer(content.Length * sizeof(T));
        content.CopyTo(buffer.Span<T>());
        return buffer;
    }

    public void Dispose() => VirtualMemory.Free(_pages, _mappedBytes);
}
