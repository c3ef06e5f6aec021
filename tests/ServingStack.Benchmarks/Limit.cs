using ServingStack.Kernels.Embedding;
using ServingStack.Kernels.Jit;
using ServingStack.Kernels.Machine;

namespace ServingStack.Benchmarks;

/// <summary>What can hold a kernel back.</summary>
internal enum Limit
{
    /// <summary>Dot products of bytes a second.</summary>
    Bytes,

    /// <summary>Products of bytes in 32-bit sums a second, as AVX-512 without dot products takes them.</summary>
    PairedBytes,

    /// <summary>Multiply-adds of floats a second.</summary>
    Floats,

    /// <summary>Bytes a second from wherever in the caches memory of that size lies.</summary>
    Memory,

    /// <summary>Rows a second from random places of a table of that size.</summary>
    Gather,
}

/// <summary>One thing that runs at a limit, to be timed beside a kernel.</summary>
/// <param name="Work">Of one run, in the limit's unit.</param>
internal sealed record Peak(double Work, Action Run, IDisposable Owned) : IDisposable
{
    /// <summary>Of the instruction that the kernel uses; null where the machine lacks it.</summary>
    public static Peak? For(KernelWorkload workload, string kernel) => workload.Limit switch
    {
        Limit.Bytes when kernel.EndsWith("amx", StringComparison.Ordinal) => OfTiles(),
        Limit.Memory when workload.BytesWritten > 0 => OfTransfers(workload.Bytes - workload.BytesWritten, workload.BytesWritten),
        Limit.Memory => OfMemory((long)workload.Bytes),
        Limit.Gather => OfGathers(workload.Gather!),
        Limit.PairedBytes => OfProducts(quantized: true, InstructionSet.Avx512Bw),
        _ => OfProducts(workload.Limit == Limit.Bytes),
    };

    public void Dispose() => Owned.Dispose();

    private static Peak? OfProducts(bool quantized, InstructionSet? level = null)
    {
        if (MachineFeatures.Current.InstructionSet < (level ?? PeakThroughput.Needed)) return null;
        var peak = new PeakThroughput(quantized, level);
        return new Peak(peak.OperationsPerRun, peak.Run, peak);
    }

    private static Peak OfTiles()
    {
        var peak = new TileThroughput();
        return new Peak(TileThroughput.OperationsPerRun, peak.Run, peak);
    }

    private static Peak OfMemory(long bytes)
    {
        var sweep = new ReadSweep(bytes);
        return new Peak(sweep.Bytes, sweep.Run, sweep);
    }

    private static Peak OfTransfers(double read, double written)
    {
        var sweep = new TransferSweep(read, written);
        return new Peak(sweep.Bytes, sweep.Run, sweep);
    }

    private static Peak? OfGathers(GatherShape shape)
    {
        if (MachineFeatures.Current.InstructionSet < InstructionSet.Avx512Bw) return null;
        var gather = new GatherThroughput(shape.Rows, shape.RowBytes, shape.Stride, shape.Lookups);
        return new Peak(gather.Lookups, gather.Run, gather);
    }
}
