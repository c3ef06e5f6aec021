using ServingStack.Kernels.Layout;
using ServingStack.Kernels.Parallel;

namespace ServingStack.Kernels.Quantization;

/// <summary>
/// Concat of 8-bit tensors that may have different scales: an input whose scale, zero point and type are the output's is copied, another is
/// requantized through a table on the way.
/// </summary>
public static class QuantizedConcat
{
    /// <param name="shapes">The inputs' shapes, equal but for <paramref name="axis"/>.</param>
    public static BoundKernel Bind(
        nint[] inputs, QuantizationParameters[] parameters, long[][] shapes, int axis, nint output, QuantizationParameters outputParameters)
    {
        var tables = parameters.Select(p => p == outputParameters ? null : ByteTable.Requantize(p, outputParameters)).ToArray();
        if (tables.All(table => table is null)) return Concat.Bind(outputParameters.Type, inputs, shapes, axis, output);
        long[] chunks = [.. shapes.Select(shape => IterationSpace.Product(shape.AsSpan(axis)))];
        return new Kernel(inputs, tables, chunks, output, IterationSpace.Product(shapes[0].AsSpan(0, axis)));
    }

    private sealed unsafe class Kernel(nint[] inputs, ByteTable?[] tables, long[] chunks, nint output, long rows) : BoundKernel
    {
        private readonly long _rowBytes = chunks.Sum();

        public override string KernelName => "concat_requantize8";

        public override int MaxParts { get; } = PartRange.MaxParts(rows, rows * chunks.Sum() * 2);

        public override void Run(int part, int parts)
        {
            var range = PartRange.Of(rows, part, parts);
            for (var row = range.Start; row < range.End; row++)
            {
                var to = (byte*)output + (row * _rowBytes);
                for (var i = 0; i < inputs.Length; to += chunks[i++])
                {
                    var from = (byte*)inputs[i] + (row * chunks[i]);
                    if (tables[i] is { } table) table.Apply(from, to, chunks[i]);
                    else Buffer.MemoryCopy(from, to, chunks[i], chunks[i]);
                }
            }
        }
    }
}
