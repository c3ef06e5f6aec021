using ServingStack.Graphs;
using ServingStack.Kernels;
using ServingStack.Kernels.Layout;
using ServingStack.Kernels.Pooling;
using ServingStack.Kernels.Quantization;

namespace ServingStack.Benchmarks;

/// <summary>Changes of layout and pooling; as ever ONNX Runtime pools NCHW, its own order, and we NHWC, ours.</summary>
internal static class LayoutWorkloads
{
    private const int Channels = 64;

    // Height = width: the second-level and the last-level cache.
    private static readonly (string Name, int Side)[] Sizes = [("L2", 32), ("L3", 112)];

    public static IEnumerable<KernelWorkload> Create() =>
        from family in (Func<string, int, IEnumerable<KernelWorkload>>[])[Layouts, Pools]
        from size in Sizes
        from workload in family(size.Name, size.Side)
        select workload;

    private static IEnumerable<KernelWorkload> Layouts(string size, int side)
    {
        long pixels = side * side;
        foreach (var (type, element, letter) in new[] { (DataType.Float32, ElementType.Float32, "f32"), (DataType.UInt8, ElementType.UInt8, "u8") })
        {
            var bytes = pixels * Channels * type.Size();
            yield return BandwidthWorkloads.Workload("layout", $"ToNHWC-{letter}-{size}", bytes, bytes,
                arena => Transpose.BindToChannelsLast(type, arena.RandomBytes(bytes), 1, Channels, pixels, arena.Empty(bytes)),
                Transposed(element, [1, Channels, pixels], [1, pixels, Channels], [0, 2, 1]));
            yield return BandwidthWorkloads.Workload("layout", $"ToNCHW-{letter}-{size}", bytes, bytes,
                arena => Transpose.BindToChannelsFirst(type, arena.RandomBytes(bytes), 1, Channels, pixels, arena.Empty(bytes)),
                Transposed(element, [1, pixels, Channels], [1, Channels, pixels], [0, 2, 1]));
            long rows = 2 * side, columns = pixels * Channels / rows;
            yield return BandwidthWorkloads.Workload("layout", $"Matrix-{letter}-{size}", bytes, bytes,
                arena => Transpose.Bind(type, arena.RandomBytes(bytes), [rows, columns], [1, 0], arena.Empty(bytes)),
                Transposed(element, [rows, columns], [columns, rows], [1, 0]));
            yield return BandwidthWorkloads.Workload("layout", $"Concat-{letter}-{size}", bytes, bytes,
                arena => Concat.Bind(
                    type, [arena.RandomBytes(bytes / 2), arena.RandomBytes(bytes / 2)], [[pixels, Channels / 2], [pixels, Channels / 2]], 1,
                    arena.Empty(bytes)),
                new OneOperator("Concat", [(element, [pixels, Channels / 2]), (element, [pixels, Channels / 2])], (element, [pixels, Channels]))
                {
                    Attributes = new AttributeMap { { "axis", 1L } },
                });
            yield return BandwidthWorkloads.Workload("layout", $"Split-{letter}-{size}", bytes / 2, bytes / 2,
                arena => Slice.Bind(type, arena.RandomBytes(bytes), [pixels, Channels], [0, 0], [1, 1], [pixels, Channels / 2], arena.Empty(bytes)),
                peer: null);
        }
    }

    private static OneOperator Transposed(ElementType type, long[] from, long[] to, long[] permutation) =>
        new("Transpose", [(type, from)], (type, to)) { Attributes = new AttributeMap { { "perm", permutation } } };

    private static IEnumerable<KernelWorkload> Pools(string size, int side)
    {
        var three = new PoolProblem
        {
            Batch = 1,
            Channels = Channels,
            InputHeight = side,
            InputWidth = side,
            KernelHeight = 3,
            KernelWidth = 3,
            StrideY = 2,
            StrideX = 2,
            PadTop = 1,
            PadLeft = 1,
        };
        var global = PoolProblem.Global(1, side, side, Channels);
        var q = new QuantizationParameters(DataType.UInt8, 0.02f, 7);
        yield return Pool("MaxPool-f32", "MaxPool", three, 4, (x, y) => MaxPool.Bind(DataType.Float32, three, x, y));
        yield return Pool("AveragePool-f32", "AveragePool", three, 4, (x, y) => AveragePool.Bind(three, x, y));
        yield return Pool("GlobalAveragePool-f32", "GlobalAveragePool", global, 4, (x, y) => AveragePool.Bind(global, x, y));
        yield return Pool("MaxPool-u8", "MaxPool", three, 1, (x, y) => MaxPool.Bind(DataType.UInt8, three, x, y));
        yield return Pool("AveragePool-u8", null, three, 1, (x, y) => QuantizedAveragePool.Bind(three, q, q, x, y));
        yield return Pool("GlobalAveragePool-u8", null, global, 1, (x, y) => QuantizedAveragePool.Bind(global, q, q, x, y));

        KernelWorkload Pool(string name, string? peer, PoolProblem p, int bytes, Func<nint, nint, BoundKernel> bind)
        {
            long inputs = (long)side * side * Channels, outputs = (long)p.OutputHeight * p.OutputWidth * Channels;
            var type = bytes == 4 ? ElementType.Float32 : ElementType.UInt8;
            return BandwidthWorkloads.Workload("pooling", $"{name}-{size}", inputs * bytes, outputs * bytes,
                arena => bind(bytes == 4 ? arena.RandomFloats(inputs) : arena.RandomBytes(inputs), arena.Empty(outputs * bytes)),
                peer is null ? null : new OneOperator(
                    peer, [(type, [1, Channels, side, side])], (type, [1, Channels, p.OutputHeight, p.OutputWidth]))
                {
                    Attributes = p == global ? [] : new AttributeMap
                    {
                        { "kernel_shape", new long[] { 3, 3 } }, { "strides", new long[] { 2, 2 } }, { "pads", new long[] { 1, 1, 0, 0 } },
                    },
                });
        }
    }
}
