using System.ComponentModel;
using System.Runtime.InteropServices;

namespace ServingStack.Kernels.Machine;

/// <summary>What a page may be used for. There is no value that allows writing and executing together.</summary>
internal enum PageAccess
{
    None,
    ReadWrite,
    ReadExecute,
}

/// <summary>Whole pages straight from the operating system, with their access rights.</summary>
internal static partial class VirtualMemory
{
    public static nint PageBytes { get; } = Environment.SystemPageSize;

    public static nint RoundUpToPage(nint bytes) => (bytes + PageBytes - 1) / PageBytes * PageBytes;

    /// <summary>Zeroed pages that can be read and written. <paramref name="bytes"/> is a multiple of the page size.</summary>
    public static nint Allocate(nint bytes)
    {
        if (OperatingSystem.IsWindows())
        {
            const int CommitAndReserve = 0x3000;
            var address = Windows.VirtualAlloc(0, bytes, CommitAndReserve, Windows.Protection(PageAccess.ReadWrite));
            return address != 0 ? address : throw Failure($"Cannot allocate {bytes} bytes of pages");
        }
        const int Private = 2;
        var anonymous = OperatingSystem.IsMacOS() ? 0x1000 : 0x20;
        var mapped = Posix.MapPages(0, bytes, Posix.Protection(PageAccess.ReadWrite), Private | anonymous, -1, 0);
        return mapped != -1 ? mapped : throw Failure($"Cannot allocate {bytes} bytes of pages");
    }

    public static void Protect(nint address, nint bytes, PageAccess access)
    {
        var done = OperatingSystem.IsWindows()
            ? Windows.VirtualProtect(address, bytes, Windows.Protection(access), out _)
            : Posix.ProtectPages(address, bytes, Posix.Protection(access)) == 0;
        if (!done) throw Failure($"Cannot make pages {access}");
    }

    public static void Free(nint address, nint bytes)
    {
        const int Release = 0x8000;
        _ = OperatingSystem.IsWindows() ? Windows.VirtualFree(address, 0, Release) : Posix.UnmapPages(address, bytes) == 0;
    }

    /// <summary>Asks for pages of 2 MiB. A wish: what the system does not grant stays as it is.</summary>
    public static void PreferHugePages(nint address, nint bytes)
    {
        const int HugePage = 14;
        if (OperatingSystem.IsLinux()) _ = Posix.AdvisePages(address, bytes, HugePage);
    }

    private static Win32Exception Failure(string what)
    {
        var code = Marshal.GetLastPInvokeError();
        return new Win32Exception(code, $"{what}: {Marshal.GetPInvokeErrorMessage(code)}.");
    }

    private static partial class Posix
    {
        public static int Protection(PageAccess access) => access switch
        {
            PageAccess.ReadWrite => 3,
            PageAccess.ReadExecute => 5,
            _ => 0,
        };

        [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
        public static partial nint MapPages(nint address, nint bytes, int protection, int flags, int file, nint offset);

        [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
        public static partial int ProtectPages(nint address, nint bytes, int protection);

        [LibraryImport("libc", EntryPoint = "madvise")]
        public static partial int AdvisePages(nint address, nint bytes, int advice);

        [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
        public static partial int UnmapPages(nint address, nint bytes);
    }

    private static partial class Windows
    {
        public static int Protection(PageAccess access) => access switch
        {
            PageAccess.ReadWrite => 0x04,
            PageAccess.ReadExecute => 0x20,
            _ => 0x01,
        };

        [LibraryImport("kernel32", SetLastError = true)]
        public static partial nint VirtualAlloc(nint address, nint bytes, int type, int protection);

        [LibraryImport("kernel32", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        public static partial bool VirtualProtect(nint address, nint bytes, int protection, out int before);

        [LibraryImport("kernel32", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        public static partial bool VirtualFree(nint address, nint bytes, int type);
    }
}
