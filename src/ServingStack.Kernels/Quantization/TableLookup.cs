using ServingStack.Kernels.Parallel;

namespace ServingStack.Kernels.Quantization;

/// <summary>
/// y[i] = table[x[i]] over 8-bit tensors: requantization, and every unary operator on quantized numbers (sigmoid, tanh, hard swish, leaky
/// relu, clip, ...). y may be x.
/// </summary>
public static class TableLookup
{
    /// <param name="name">What the table computes, for the kernel's name: <c>sigmoid</c> gives <c>sigmoid_lookup8</c>.</param>
    public static BoundKernel Bind(string name, ByteTable table, nint x, nint y, long count) => new Kernel(name, table, x, y, count);

    private sealed unsafe class Kernel(string name, ByteTable table, nint x, nint y, long count) : BoundKernel
    {
        public override string KernelName { get; } = name + "_lookup8";

        public override int MaxParts { get; } = PartRange.MaxParts(count / 64, count * 2);

        public override void Run(int part, int parts)
        {
            var range = PartRange.Of(count, part, parts, 64);
            table.Apply((byte*)x + range.Start, (byte*)y + range.Start, range.End - range.Start);
        }
    }
}
