using ServingStack.Graphs;
using ServingStack.Kernels;
using ServingStack.Kernels.Elementwise;
using ServingStack.Kernels.Normalization;
using ServingStack.Kernels.Quantization;
using ServingStack.Kernels.Reduction;

namespace ServingStack.Benchmarks;

/// <summary>
/// Operators that memory holds back, with few operations a number: each once on memory for the second-level and once for the last-level
/// cache. The limit reads and writes as much as they do.
/// </summary>
internal static class BandwidthWorkloads
{
    private const ElementType F32 = ElementType.Float32;
    private const int Channels = 256;

    // Rows of 256 numbers: half a megabyte in and out together, and eight.
    private static readonly (string Name, long Rows)[] Sizes = [("L2", 256), ("L3", 4096)];

    public static IEnumerable<KernelWorkload> Create() =>
        from family in (Func<string, long, IEnumerable<KernelWorkload>>[])[Elementwise, Reductions, Normalizations, Quantizations]
        from size in Sizes
        from workload in family(size.Name, size.Rows)
        select workload;

    public static KernelWorkload Workload(
        string family, string shape, double read, double written, Func<BenchmarkArena, BoundKernel> bind, OneOperator? peer) => new()
        {
            Family = family,
            Shape = shape,
            Operations = Math.Max(read, written) / sizeof(float),
            Limit = Limit.Memory,
            Bytes = read + written,
            BytesWritten = written,
            Bind = bind,
            Graph = peer is null ? null : peer.Graph,
        };

    private static IEnumerable<KernelWorkload> Elementwise(string size, long rows)
    {
        var count = rows * Channels;
        KernelWorkload One<T>(T operation, string name, AttributeMap? attributes = null, string? label = null)
            where T : struct, IUnaryOperation<float> => Workload(
            "elementwise", $"{label ?? name}-{size}", 4.0 * count, 4.0 * count,
            arena => Unary.Bind(operation, arena.RandomFloats(count), arena.Empty(4 * count), count),
            new OneOperator(name, [(F32, [count])], (F32, [count])) { Attributes = attributes ?? [] });
        KernelWorkload Two(string label, long[] b) => Workload(
            "elementwise", $"{label}-{size}", 4.0 * (count + (b.Length == 2 ? count : 0)), 4.0 * count,
            arena => Binary.Bind(default(Add<float>), new BinaryOperands(
                arena.RandomFloats(count), [rows, Channels], arena.RandomFloats(count), b, arena.Empty(4 * count), [rows, Channels])),
            new OneOperator("Add", [(F32, [rows, Channels]), (F32, b)], (F32, [rows, Channels])));
        yield return One(default(Relu), "Relu");
        yield return One(default(Sigmoid), "Sigmoid");
        yield return One(default(Tanh), "Tanh");
        yield return One(default(Exp), "Exp");
        yield return One(default(Erf), "Erf");
        yield return One(default(Gelu), "Gelu");
        yield return One(new GeluTanh(), "Gelu", new AttributeMap { { "approximate", "tanh" } }, "GeluTanh");
        yield return One(default(HardSwish), "HardSwish");
        yield return One(default(Log), "Log");
        yield return One(default(Sqrt), "Sqrt");
        yield return Two("Add", [rows, Channels]);
        yield return Two("AddChannels", [Channels]);
    }

    private static IEnumerable<KernelWorkload> Reductions(string size, long rows)
    {
        KernelWorkload Of<T>(T reduction, string name, bool inner, bool axisInput)
            where T : struct, IReduction
        {
            var (outer, length, columns) = inner ? (rows, (long)Channels, 1L) : (1L, rows, (long)Channels);
            var axis = inner ? 1L : 0L;
            return Workload(
                "reduction", $"{name}{(inner ? "Inner" : "Outer")}-{size}", 4.0 * rows * Channels, 0,
                arena => Reduce.Bind(reduction, arena.RandomFloats(rows * Channels), arena.Empty(4 * outer * columns), outer, length, columns),
                new OneOperator(name, [(F32, [rows, Channels])], (F32, [outer * columns]))
                {
                    Attributes = axisInput
                        ? new AttributeMap { { "keepdims", 0L } }
                        : new AttributeMap { { "keepdims", 0L } },
                    Constants = [Tensor.From<long>([axis], 1)],
                });
        }
        foreach (var inner in (bool[])[true, false])
        {
            yield return Of(default(Sum), "ReduceSum", inner, axisInput: true);
            yield return Of(default(Mean), "ReduceMean", inner, axisInput: true);
            yield return Of(default(Kernels.Reduction.Max), "ReduceMax", inner, axisInput: true);
        }
    }

    private static IEnumerable<KernelWorkload> Normalizations(string size, long rows)
    {
        var count = rows * Channels;
        (ElementType, long[]) matrix = (F32, [rows, Channels]);
        yield return Workload("normalization", $"Softmax-{size}", 4.0 * count, 4.0 * count,
            arena => Softmax.Bind(arena.RandomFloats(count), arena.Empty(4 * count), rows, Channels),
            new OneOperator("Softmax", [matrix], matrix));
        yield return Workload("normalization", $"LayerNorm-{size}", 4.0 * count, 4.0 * count,
            arena => LayerNormalization.Bind(
                arena.RandomFloats(count), arena.RandomFloats(Channels), arena.RandomFloats(Channels), arena.Empty(4 * count), rows, Channels),
            new OneOperator("LayerNormalization", [matrix], matrix)
            {
                Constants = [OneOperator.Floats(Channels), OneOperator.Floats(Channels)],
            });
        yield return Workload("normalization", $"BatchNorm-{size}", 4.0 * count, 4.0 * count,
            arena => BatchNormalization.Bind(
                arena.RandomFloats(count), arena.Empty(4 * count), rows, new float[Channels], new float[Channels], new float[Channels],
                new float[Channels]),
            new OneOperator("BatchNormalization", [(F32, [1, Channels, rows])], (F32, [1, Channels, rows]))
            {
                Constants = [.. Enumerable.Repeat(OneOperator.Floats(Channels), 3), Tensor.From<float>(Enumerable.Repeat(1f, Channels).ToArray(), Channels)],
            });
        yield return Workload("normalization", $"LRN-{size}", 4.0 * count, 4.0 * count,
            arena => LocalResponseNormalization.Bind(arena.RandomFloats(count), arena.Empty(4 * count), rows, Channels, 5),
            new OneOperator("LRN", [(F32, [1, Channels, rows, 1])], (F32, [1, Channels, rows, 1]))
            {
                Attributes = new AttributeMap { { "size", 5L } },
            });
    }

    private static IEnumerable<KernelWorkload> Quantizations(string size, long rows)
    {
        var count = rows * Channels;
        var q = new QuantizationParameters(DataType.UInt8, 0.02f, 7);
        yield return Workload("quantization", $"Quantize-{size}", 4.0 * count, count,
            arena => Quantize.Bind(
                DataType.UInt8, QuantizationAxis.PerTensor(0.02f, 7, count), arena.RandomFloats(count), arena.Empty(count)),
            new OneOperator("QuantizeLinear", [(F32, [count])], (ElementType.UInt8, [count]))
            {
                Constants = [OneOperator.Scalar(0.02f), OneOperator.Scalar((byte)7)],
            });
        yield return Workload("quantization", $"Dequantize-{size}", count, 4.0 * count,
            arena => Dequantize.Bind(
                DataType.UInt8, QuantizationAxis.PerTensor(0.02f, 7, count), arena.RandomBytes(count), arena.Empty(4 * count)),
            new OneOperator("DequantizeLinear", [(ElementType.UInt8, [count])], (F32, [count]))
            {
                Constants = [OneOperator.Scalar(0.02f), OneOperator.Scalar((byte)7)],
            });
        yield return Workload("quantization", $"Requantize-{size}", count, count,
            arena => TableLookup.Bind(
                "requantize", ByteTable.Requantize(q, q with { Scale = 0.03f }), arena.RandomBytes(count), arena.Empty(count), count),
            peer: null);
        yield return Workload("quantization", $"QAdd-{size}", 2.0 * count, count,
            arena => QuantizedBinary.BindAdd(
                new BinaryOperands(arena.RandomBytes(count), [count], arena.RandomBytes(count), [count], arena.Empty(count), [count]), q, q, q),
            peer: null);
    }
}
