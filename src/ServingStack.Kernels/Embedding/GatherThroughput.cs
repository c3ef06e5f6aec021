using System.Diagnostics;
using ServingStack.Kernels.Jit;
using ServingStack.Kernels.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Embedding;

/// <summary>
/// How fast one core can read rows at random places: huge pages, every line asked for well ahead, and nothing done with what is read. No
/// embedding bag on rows of that size is faster.
/// </summary>
public sealed unsafe class GatherThroughput : IDisposable
{
    private readonly HugePageBuffer _table;
    private readonly HugePageBuffer _indices;
    private readonly EmittedKernel _kernel;

    /// <summary>Throws <see cref="PlatformNotSupportedException"/> where generated AVX-512 code cannot run.</summary>
    public GatherThroughput(long rows, int rowBytes, int stride, int lookups)
    {
        if (MachineFeatures.Current.InstructionSet < InstructionSet.Avx512Bw)
            throw new PlatformNotSupportedException("The gather limit needs Avx512Bw.");
        _table = new HugePageBuffer(rows * stride);
        for (long at = 0; at < _table.ByteLength; at += HugePageBuffer.PageBytes)
            new Span<byte>((void*)(_table.Address + (nint)at), (int)Math.Min(HugePageBuffer.PageBytes, _table.ByteLength - at)).Fill(1);
        _indices = new HugePageBuffer((lookups + Emitter.RowsAhead) * sizeof(long));
        var random = new Random(43);
        foreach (ref var index in new Span<long>((void*)_indices.Address, lookups + Emitter.RowsAhead)) index = random.NextInt64(rows);
        Lookups = lookups;
        var kernels = Array.ConvertAll(Emitter.Prefetches, prefetch => Emit(new Emitter(rowBytes, stride, prefetch)));
        var seconds = Seconds(kernels);
        _kernel = kernels[Array.IndexOf(seconds, seconds.Min())];
        foreach (var other in kernels) if (other != _kernel) other.Dispose();
    }

    /// <summary>Rows that one run reads.</summary>
    public int Lookups { get; }

    public void Run() => Run(_kernel, Lookups);

    public void Dispose()
    {
        _kernel.Dispose();
        _indices.Dispose();
        _table.Dispose();
    }

    private static EmittedKernel Emit(Emitter emitter) => new(emitter.Name, emitter.Emit());

    /// <summary>The best of a few short runs of each.</summary>
    private double[] Seconds(EmittedKernel[] kernels)
    {
        const int ShortRun = 32_768;
        var best = Enumerable.Repeat(double.PositiveInfinity, kernels.Length).ToArray();
        for (var round = 0; round < 5; round++)
            for (var i = 0; i < kernels.Length; i++)
            {
                var start = Stopwatch.GetTimestamp();
                // Each run has rows of its own, as far as there are enough of them.
                var first = ((round * kernels.Length) + i) * (long)ShortRun % Math.Max(1, Lookups - ShortRun);
                Run(kernels[i], Math.Min(ShortRun, Lookups), (nint)first);
                best[i] = Math.Min(best[i], Stopwatch.GetElapsedTime(start).TotalSeconds);
            }
        return best;
    }

    private void Run(EmittedKernel kernel, int lookups, nint first = 0)
    {
        var arguments = stackalloc nint[] { _table.Address, _indices.Address + (first * sizeof(long)), lookups };
        ((delegate* unmanaged<nint*, void>)kernel.Address)(arguments);
    }

    private sealed class Emitter(int rowBytes, int stride, RowPrefetch prefetch) : KernelEmitter
    {
        public const int RowsAhead = 64;

        public static readonly RowPrefetch[] Prefetches = [new(32), new(RowsAhead), new(32, true), new(RowsAhead, true)];

        private const int CacheLine = 64;

        public override string Name => $"gather_{rowBytes}_{stride}_{prefetch}";

        protected override void EmitBody()
        {
            var (table, indices, left, row) = (rbx, rcx, rdx, rsi);
            var sum = Vectors.Take("what was read");
            Asm.mov(table, __qword_ptr[Arguments]);
            Asm.mov(indices, __qword_ptr[Arguments + 8]);
            Asm.mov(left, __qword_ptr[Arguments + 16]);
            var loop = Asm.CreateLabel();
            Asm.Label(ref loop);
            Asm.imul(row, __qword_ptr[indices + (sizeof(long) * prefetch.Distance)], stride);
            prefetch.Emit(Asm, table, row, rowBytes, stride);
            Asm.imul(row, __qword_ptr[indices], stride);
            for (var offset = 0; offset < rowBytes; offset += CacheLine)
                if (rowBytes - offset >= CacheLine) Asm.vpord(sum, sum, __zmmword_ptr[table + row + offset]);
                else Asm.mov(eax, __dword_ptr[table + row + (rowBytes - sizeof(int))]);
            Asm.add(indices, sizeof(long));
            Asm.dec(left);
            Asm.jnz(loop);
        }
    }
}
