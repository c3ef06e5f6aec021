using ServingStack.Kernels.Tests.Machine;

namespace ServingStack.Kernels.Tests;

/// <summary>Runs kernels on guarded memory: inputs and outputs end at a page that may not be touched.</summary>
internal static class KernelRun
{
    /// <summary>The output of a kernel that reads the inputs, run in that many parts (at most MaxParts).</summary>
    public static TOut[] Of<TIn, TOut>(TIn[][] inputs, int outputs, Func<nint[], nint, BoundKernel> bind, int parts = 1)
        where TIn : unmanaged
        where TOut : unmanaged
    {
        var buffers = inputs.Select(input => GuardedBuffer.Of<TIn>(input)).ToArray();
        using var output = GuardedBuffer.Of<TOut>(new TOut[outputs]);
        try
        {
            // What was never written is seen: no kernel's result happens to be this everywhere.
            output.Bytes.Fill(0xA5);
            All(bind([.. buffers.Select(buffer => buffer.Address)], output.Address), parts);
            return output.Span<TOut>().ToArray();
        }
        finally
        {
            foreach (var buffer in buffers) buffer.Dispose();
        }
    }

    public static TOut[] Of<TIn, TOut>(TIn[] input, int outputs, Func<nint, nint, BoundKernel> bind, int parts = 1)
        where TIn : unmanaged
        where TOut : unmanaged => Of<TIn, TOut>([input], outputs, (addresses, output) => bind(addresses[0], output), parts);

    /// <summary>Runs every part; the last first, because no part may need another.</summary>
    public static void All(BoundKernel kernel, int parts)
    {
        parts = Math.Clamp(parts, 1, kernel.MaxParts);
        for (var part = parts - 1; part >= 0; part--) kernel.Run(part, parts);
    }
}
