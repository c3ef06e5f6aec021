using System.Runtime.InteropServices;

namespace ServingStack.Kernels.Parallel;

/// <summary>
/// A counter that one thread raises and one other thread waits for: it spins first and sleeps in the kernel only when nothing comes.
/// Alone on its cache lines, so that waiting for it disturbs nobody. Allocates nothing but in the constructor.
/// </summary>
internal sealed class Signal(int spins) : IDisposable
{
    // Rarely: a yield hands the core to whoever wants it, for much longer than a step of a plan.
    private const int SpinsPerYield = 1024;

    private readonly AutoResetEvent _wake = new(false);
    private Alone _state;

    /// <summary>Has the calling thread get ready to sleep: the first time, the runtime allocates for that.</summary>
    public void Prepare() => _wake.WaitOne(0);

    /// <summary>Raises the counter and wakes the waiter if it sleeps.</summary>
    public void Set(long value)
    {
        Volatile.Write(ref _state.Value, value);
        // The waiter announces its sleep before it looks at the counter for the last time; with both fences one of us sees the other.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _state.Sleeping) != 0) _wake.Set();
    }

    /// <summary>Returns the counter's value as soon as it is <paramref name="value"/> or more.</summary>
    public long Wait(long value)
    {
        for (var i = 0; i < spins && Volatile.Read(ref _state.Value) < value; i++)
        {
            Thread.SpinWait(1);
            // The thread that is waited for may have been put on this very core.
            if (i % SpinsPerYield == SpinsPerYield - 1) Thread.Yield();
        }

        while (Volatile.Read(ref _state.Value) < value) Sleep(value);
        return Volatile.Read(ref _state.Value);
    }

    public void Dispose() => _wake.Dispose();

    private void Sleep(long value)
    {
        Volatile.Write(ref _state.Sleeping, 1);
        Interlocked.MemoryBarrier();
        // A wake-up that was meant for an earlier sleep only makes the caller look again.
        if (Volatile.Read(ref _state.Value) < value) _wake.WaitOne();
        Volatile.Write(ref _state.Sleeping, 0);
    }

    // Two cache lines before and after: processors fetch them in pairs.
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Alone
    {
        [FieldOffset(128)]
        public long Value;

        [FieldOffset(136)]
        public int Sleeping;
    }
}
