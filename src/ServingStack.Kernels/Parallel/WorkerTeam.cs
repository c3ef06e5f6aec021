using System.Runtime.ExceptionServices;

namespace ServingStack.Kernels.Parallel;

/// <summary>
/// A fixed number of threads that run a kernel's parts together. The caller's thread is worker 0, so a team of one starts no thread; the
/// others are pinned to a processor each. A team serves one caller at a time; teams do not know of each other, and a plan of one never
/// waits for another. Running allocates nothing and takes no lock: a worker spins for its next kernel and sleeps when none comes.
/// </summary>
public sealed class WorkerTeam : IDisposable
{
    // About 50 microseconds: longer than the gap between two steps of a plan, shorter than a time slice.
    private const int Spins = 2000;

    private static int _nextProcessor;

    private readonly Worker[] _workers;
    private long _round;
    private int _busy;

    /// <param name="size">Workers including the caller, 1 or more; 0 = <see cref="CpuQuota.UsableCores"/>.</param>
    public WorkerTeam(int size = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        Size = size == 0 ? CpuQuota.UsableCores : size;
        // Where threads outnumber cores, a spinning thread keeps a working one from its core.
        var spins = Size <= CpuQuota.UsableCores ? Spins : 0;
        _workers = [.. Enumerable.Range(1, Size - 1).Select(index => new Worker(index, NextProcessor(), spins))];
    }

    /// <summary>Workers including the caller.</summary>
    public int Size { get; }

    /// <summary>Runs all parts of a kernel; returns when all have ended.</summary>
    public void Run(BoundKernel kernel)
    {
        var parts = Math.Min(Size, kernel.MaxParts);
        if (parts <= 1)
        {
            kernel.Run(0, 1);
            return;
        }

        Enter();
        StepAside();
        var round = ++_round;
        foreach (var worker in _workers.AsSpan(0, parts - 1)) worker.Post(kernel, parts, round);
        try
        {
            kernel.Run(0, parts);
        }
        finally
        {
            // A failure of ours must not leave workers writing to memory that the caller believes is its own again.
            Leave(parts, round);
        }
    }

    /// <summary>Runs kernels one after another; none starts before all parts of the one before it have ended.</summary>
    public void Run(ReadOnlySpan<BoundKernel> kernels)
    {
        foreach (var kernel in kernels) Run(kernel);
    }

    public void Dispose()
    {
        foreach (var worker in _workers) worker.Dispose();
    }

    private void Enter()
    {
        if (Interlocked.Exchange(ref _busy, 1) != 0)
            throw new InvalidOperationException("A worker team serves one caller at a time: give each session its own team.");
    }

    private void Leave(int parts, long round)
    {
        ExceptionDispatchInfo? failure = null;
        foreach (var worker in _workers.AsSpan(0, parts - 1)) failure = worker.Join(round) ?? failure;
        Volatile.Write(ref _busy, 0);
        failure?.Throw();
    }

    // The caller is not pinned, and where it runs is not ours to say. On the same processor a worker would wait for it, or it for the
    // worker.
    private void StepAside()
    {
        var here = Thread.GetCurrentProcessorId();
        foreach (var worker in _workers)
            if (worker.Processor == here && FreeProcessor(here) is { } free) worker.MoveTo(free);
    }

    private int? FreeProcessor(int caller)
    {
        var processors = CpuAffinity.Processors;
        for (var i = 0; i < processors.Count; i++)
            if (processors[i] != caller && !HasWorkerOn(processors[i])) return processors[i];
        return null;
    }

    private bool HasWorkerOn(int processor)
    {
        foreach (var worker in _workers)
            if (worker.Processor == processor) return true;
        return false;
    }

    /// <summary>Processors are dealt out in turn over all teams of the process.</summary>
    private static int NextProcessor()
    {
        var processors = CpuAffinity.Processors;
        return processors[(int)((uint)Interlocked.Increment(ref _nextProcessor) % (uint)processors.Count)];
    }
}
