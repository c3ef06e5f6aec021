using System.ComponentModel;

namespace ServingStack.Kernels.Machine;

/// <summary>
/// Pages holding finished machine code. They are written first and made executable after, never both at once. Code must not depend on
/// where it lies.
/// </summary>
public sealed unsafe class ExecutableMemory : IDisposable
{
    private readonly nint _mappedBytes;
    private nint _address;

    /// <summary>Copies <paramref name="code"/>. Throws <see cref="Win32Exception"/> when the system refuses.</summary>
    public ExecutableMemory(ReadOnlySpan<byte> code)
    {
        if (code.IsEmpty) throw new ArgumentException("No code was given.", nameof(code));
        ByteLength = code.Length;
        _mappedBytes = VirtualMemory.RoundUpToPage(code.Length);
        var pages = VirtualMemory.Allocate(_mappedBytes);
        try
        {
            code.CopyTo(new Span<byte>((void*)pages, code.Length));
            VirtualMemory.Protect(pages, _mappedBytes, PageAccess.ReadExecute);
        }
        catch
        {
            VirtualMemory.Free(pages, _mappedBytes);
            throw;
        }
        _address = pages;
    }

    ~ExecutableMemory() => Free();

    public int ByteLength { get; }

    /// <summary>The entry point. Whoever calls it must keep this object alive.</summary>
    public nint Address
    {
        get
        {
            ObjectDisposedException.ThrowIf(_address == 0, this);
            return _address;
        }
    }

    /// <summary>Whether this system lets an x64 process run code it has generated; tried with a function that returns 42.</summary>
    public static bool IsAllowed()
    {
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsWindows()) return false;
        try
        {
            ReadOnlySpan<byte> returns42 = [0xb8, 42, 0, 0, 0, 0xc3];
            using var memory = new ExecutableMemory(returns42);
            return ((delegate* unmanaged<int>)memory.Address)() == 42;
        }
        catch (Exception refusal) when (refusal is Win32Exception or DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        var address = Interlocked.Exchange(ref _address, 0);
        if (address != 0) VirtualMemory.Free(address, _mappedBytes);
    }
}
