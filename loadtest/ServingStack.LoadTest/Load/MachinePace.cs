using System.Diagnostics;
using System.Runtime.InteropServices;

namespace ServingStack.LoadTest.Load;

/// <summary>The machine's clock.</summary>
internal sealed class MachinePace : IPace
{
    private readonly long _begin = Stopwatch.GetTimestamp();

    public TimeSpan Now => Stopwatch.GetElapsedTime(_begin);

    public void WaitUntil(TimeSpan due)
    {
        for (var left = due - Now; left > TimeSpan.Zero; left = due - Now) Sleep(left);
    }

    /// <summary>
    /// .NET sleeps in whole milliseconds, longer than the gap between two sends at a thousand a second, and spinning would take a core from
    /// the server under test. Linux itself wakes within some 60 microseconds.
    /// </summary>
    private static void Sleep(TimeSpan time)
    {
        if (OperatingSystem.IsLinux())
        {
            var (seconds, ticks) = Math.DivRem(time.Ticks, TimeSpan.TicksPerSecond);
            var wanted = new TimeSpec((nint)seconds, (nint)(ticks * TimeSpan.NanosecondsPerTick));
            // Cut short by a signal, it is called again for what is left.
            _ = NanoSleep(in wanted, 0);
        }
        else if (time > TimeSpan.FromMilliseconds(2)) Thread.Sleep(time - TimeSpan.FromMilliseconds(1));
        else Thread.Yield();
    }

    [DllImport("libc", EntryPoint = "nanosleep"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int NanoSleep(in TimeSpec wanted, nint left);

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct TimeSpec(nint Seconds, nint Nanoseconds);
}
