using ServingStack.Kernels.Parallel;
using ServingStack.Tests.Shared;

namespace ServingStack.Kernels.Tests.Parallel;

public class WorkerTeamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Run_ManyRounds_RunsEveryPartOnceBeforeItReturns(int size)
    {
        using var team = new WorkerTeam(size);
        var kernels = Enumerable.Range(1, 7).Select(parts => new CountingKernel(parts)).ToArray();
        for (var round = 1; round <= 3000; round++)
        {
            var kernel = kernels[round % kernels.Length];
            kernel.Clear();
            team.Run(kernel);
            var parts = Math.Min(size, kernel.MaxParts);
            Assert.Equal(Enumerable.Range(0, kernel.MaxParts).Select(part => part < parts ? 1 : 0), kernel.Runs);
        }
    }

    [Fact]
    public void Run_AfterWorkersFellAsleep_StillRunsEveryPart()
    {
        using var team = new WorkerTeam(3);
        var kernel = new CountingKernel(3);
        for (var round = 1; round <= 20; round++)
        {
            team.Run(kernel);
            Thread.Sleep(5);
        }

        Assert.Equal([20, 20, 20], kernel.Runs);
    }

    [Fact]
    public void Run_ListOfKernels_StartsNoneBeforeTheOneBeforeHasEnded()
    {
        using var team = new WorkerTeam(3);
        var sums = new long[64];
        var kernels = Enumerable.Range(0, 64).Select(i => (BoundKernel)new PrefixKernel(sums, i)).ToArray();
        for (var round = 0; round < 200; round++)
        {
            Array.Clear(sums);
            team.Run(kernels);
            // Each of three parts adds the entry before plus one: f(i) = 3 (f(i - 1) + 1), modulo 2^64.
            long expected = 0;
            foreach (var sum in sums) Assert.Equal(expected = unchecked(3 * (expected + 1)), sum);
        }
    }

    [Fact]
    public void Run_FromAWorkersProcessor_MovesTheWorkerAway()
    {
        if (!OperatingSystem.IsLinux() || CpuAffinity.Processors.Count < 2) return;
        var seen = new PlaceKernel();
        // On a thread of its own: its processor stays fixed.
        var caller = new Thread(() =>
        {
            using var team = new WorkerTeam(2);
            foreach (var processor in CpuAffinity.Processors.Take(2))
            {
                team.Run(seen);
                CpuAffinity.PinCurrentThread(processor);
                team.Run(seen);
                seen.Together |= seen.Places[0] == seen.Places[1];
            }
        });
        caller.Start();
        caller.Join();
        Assert.False(seen.Together);
    }

    [Fact]
    public void Run_FromSeveralTeamsAtOnce_KeepsThemApart()
    {
        var threads = Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            using var team = new WorkerTeam(2);
            var kernel = new CountingKernel(2);
            for (var round = 0; round < 500; round++) team.Run(kernel);
            Assert.Equal([500, 500], kernel.Runs);
        })).ToArray();
        foreach (var thread in threads) thread.Start();
        Assert.All(threads, thread => Assert.True(thread.Join(TimeSpan.FromMinutes(1))));
    }

    [Fact]
    public void Run_AllocatesNothing()
    {
        using var team = new WorkerTeam(2);
        var kernel = new CountingKernel(2);
        for (var i = 0; i < 100; i++) team.Run(kernel);
        Allocations.AssertNone(() =>
        {
            for (var i = 0; i < 1000; i++) team.Run(kernel);
        });
        // Of the worker's rounds one may meet what the runtime itself allocates, as with the caller's.
        Assert.Contains(0, Enumerable.Range(0, 3).Select(_ => WorkerBytesOf(team, kernel)));
    }

    private static long WorkerBytesOf(WorkerTeam team, CountingKernel kernel)
    {
        var before = kernel.WorkerBytes;
        for (var i = 0; i < 1000; i++) team.Run(kernel);
        return kernel.WorkerBytes - before;
    }

    [Fact]
    public void Run_KernelThatThrows_GivesTheExceptionToTheCallerAndKeepsWorking()
    {
        using var team = new WorkerTeam(2);
        Assert.Throws<InvalidOperationException>(() => team.Run(new ThrowingKernel(0)));
        Assert.Throws<InvalidOperationException>(() => team.Run(new ThrowingKernel(1)));
        var kernel = new CountingKernel(2);
        team.Run(kernel);
        Assert.Equal([1, 1], kernel.Runs);
    }

    [Fact]
    public void Run_FromTwoThreadsAtOnce_IsRefused()
    {
        using var team = new WorkerTeam(2);
        using var started = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        var first = new Thread(() => team.Run(new WaitingKernel(started, release)));
        first.Start();
        started.Wait();
        Assert.Throws<InvalidOperationException>(() => team.Run(new CountingKernel(2)));
        release.Set();
        first.Join();
    }

    private sealed class CountingKernel(int maxParts) : BoundKernel
    {
        public int[] Runs { get; } = new int[maxParts];

        /// <summary>What worker 1's thread had allocated at its last run.</summary>
        public long WorkerBytes { get; private set; }

        public override string KernelName => "counting";

        public override int MaxParts => maxParts;

        public void Clear() => Array.Clear(Runs);

        public override void Run(int part, int parts)
        {
            Runs[part]++;
            if (part == 1) WorkerBytes = GC.GetAllocatedBytesForCurrentThread();
        }
    }

    /// <summary>Notes where its two parts run.</summary>
    private sealed class PlaceKernel : BoundKernel
    {
        public int[] Places { get; } = new int[2];

        public bool Together { get; set; }

        public override string KernelName => "place";

        public override int MaxParts => 2;

        public override void Run(int part, int parts) => Places[part] = Thread.GetCurrentProcessorId();
    }

    private sealed class PrefixKernel(long[] sums, int index) : BoundKernel
    {
        public override string KernelName => "prefix";

        public override int MaxParts => 3;

        public override void Run(int part, int parts) => Interlocked.Add(ref sums[index], 1 + (index == 0 ? 0 : sums[index - 1]));
    }

    private sealed class ThrowingKernel(int at) : BoundKernel
    {
        public override string KernelName => "throwing";

        public override int MaxParts => 2;

        public override void Run(int part, int parts)
        {
            if (part == at) throw new InvalidOperationException("broken");
        }
    }

    private sealed class WaitingKernel(ManualResetEventSlim started, ManualResetEventSlim release) : BoundKernel
    {
        public override string KernelName => "waiting";

        public override int MaxParts => 2;

        public override void Run(int part, int parts)
        {
            started.Set();
            release.Wait();
        }
    }
}
