using System.Numerics;
using System.Runtime.InteropServices;

namespace ServingStack.Kernels.Parallel;

/// <summary>
/// Which processors the process may use, and pinning of the calling thread to one of them. Does nothing where it is not Linux.
/// </summary>
public static unsafe partial class CpuAffinity
{
    // 1024 processors, the size of glibc's cpu_set_t.
    private const int MaskWords = 16;

    /// <summary>The processors' numbers, in order; at least one.</summary>
    public static IReadOnlyList<int> Processors { get; } = Read();

    /// <summary>Binds the calling thread to a processor; false where that is not possible.</summary>
    public static bool PinCurrentThread(int processor) => Pin(thread: 0, processor);

    /// <summary>The system's number of the calling thread, for <see cref="Pin"/>; 0 where there is none.</summary>
    internal static int CurrentThread() => OperatingSystem.IsLinux() ? ThreadNumber() : 0;

    /// <summary>Binds a thread of this process to a processor; false where that is not possible.</summary>
    /// <param name="thread">From <see cref="CurrentThread"/>; 0 = the calling thread.</param>
    internal static bool Pin(int thread, int processor)
    {
        if (!OperatingSystem.IsLinux() || processor < 0 || processor >= MaskWords * 64) return false;
        var mask = stackalloc ulong[MaskWords];
        new Span<ulong>(mask, MaskWords).Clear();
        mask[processor / 64] = 1UL << (processor % 64);
        return SetAffinity(thread, MaskWords * sizeof(ulong), mask) == 0;
    }

    private static int[] Read()
    {
        var mask = stackalloc ulong[MaskWords];
        new Span<ulong>(mask, MaskWords).Clear();
        if (!OperatingSystem.IsLinux() || GetAffinity(Environment.ProcessId, MaskWords * sizeof(ulong), mask) != 0)
            return [.. Enumerable.Range(0, Environment.ProcessorCount)];
        var processors = new List<int>();
        for (var word = 0; word < MaskWords; word++)
            for (var bits = mask[word]; bits != 0; bits &= bits - 1)
                processors.Add((word * 64) + BitOperations.TrailingZeroCount(bits));
        return [.. processors];
    }

    [LibraryImport("libc", EntryPoint = "gettid")]
    private static partial int ThreadNumber();

    [LibraryImport("libc", EntryPoint = "sched_setaffinity")]
    private static partial int SetAffinity(int thread, nuint size, ulong* mask);

    [LibraryImport("libc", EntryPoint = "sched_getaffinity")]
    private static partial int GetAffinity(int thread, nuint size, ulong* mask);
}
