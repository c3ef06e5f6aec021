using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace ServingStack.Kernels.Machine;

/// <summary>
/// Whether this process may use AMX tiles of bytes. The processor and the system must have them, and Linux gives their eight KiB of state
/// to a process that asks, for all of its threads; it refuses where a thread's signal stack is too small to save them.
/// </summary>
internal static unsafe partial class TileRegisters
{
    private const int TilesAndBytes = (1 << 24) | (1 << 25); // CPUID leaf 7: AMX-TILE, AMX-INT8
    private const nint StateOfTiles = (1 << 17) | (1 << 18); // XCR0: TILECFG, TILEDATA

    /// <summary>Asks for them, too. Only where generated code may run and AVX-512 was found.</summary>
    public static bool AreAllowed() =>
        OperatingSystem.IsLinux()
        && (X86Base.CpuId(7, 0).Edx & TilesAndBytes) == TilesAndBytes
        && (EnabledState() & StateOfTiles) == StateOfTiles
        && Request();

    // xor ecx, ecx; xgetbv; shl rdx, 32; or rax, rdx; ret
    private static nint EnabledState()
    {
        ReadOnlySpan<byte> readsXcr0 = [0x31, 0xc9, 0x0f, 0x01, 0xd0, 0x48, 0xc1, 0xe2, 0x20, 0x48, 0x09, 0xd0, 0xc3];
        using var memory = new ExecutableMemory(readsXcr0);
        return ((delegate* unmanaged<nint>)memory.Address)();
    }

    private static bool Request()
    {
        const int ArchPrctl = 158;
        const int RequestPermission = 0x1023;
        const int TileData = 18;
        return SystemCall(ArchPrctl, RequestPermission, TileData) == 0;
    }

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint SystemCall(nint number, nint first, nint second);
}
