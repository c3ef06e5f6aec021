using ServingStack.Graphs;
using ServingStack.Kernels;
using ServingStack.Kernels.Embedding;
using ServingStack.Kernels.Machine;

namespace ServingStack.Benchmarks;

/// <summary>
/// Bags of 20 rows from a table in the last-level cache and from one in memory. ONNX Runtime has no fused operator for them: its pair
/// Gather and ReduceSum is measured on fp32 rows of the smaller table.
/// </summary>
internal static class EmbeddingWorkloads
{
    private const int RowsPerBag = 20;
    private const long Small = 8L << 20;
    private const long Large = 2L << 30;

    private static readonly EmbeddingRowFormat[] Formats =
    [
        new(64, EmbeddingRowType.Float32),
        new(64, EmbeddingRowType.Float16),
        new(64, EmbeddingRowType.Int8) { ScaleType = DataType.Float32 },
        new(128, EmbeddingRowType.Int8) { ScaleType = DataType.Float32 },
        new(256, EmbeddingRowType.Int8) { ScaleType = DataType.Float32 },
        new(64, EmbeddingRowType.Int4),
        new(64, EmbeddingRowType.Int4) { Alignment = 64 },
        new(128, EmbeddingRowType.Int4),
    ];

    // The large table stands in the middle: a short run of the family's ends does not wait for it.
    public static IEnumerable<KernelWorkload> Create() =>
    [
        .. Formats[..^1].Select(format => Create(format, Small)),
        .. Formats.Select(format => Create(format, Large)),
        Create(Formats[^1], Small),
    ];

    private static KernelWorkload Create(EmbeddingRowFormat format, long tableBytes)
    {
        var rows = tableBytes / format.Stride;
        var bags = (tableBytes == Small ? 40_960 : 1 << 22) / RowsPerBag;
        return new KernelWorkload
        {
            Family = "embedding",
            Shape = $"{format.Type}-{format.Dimension}-{format.Stride}B-{tableBytes >> 20}MB".ToLowerInvariant(),
            Operations = (double)bags * RowsPerBag * format.Dimension,
            Limit = Limit.Gather,
            Gather = new GatherShape(rows, format.RowBytes, format.Stride, bags * RowsPerBag),
            Bind = arena => Bind(arena, format, rows, bags),
            Graph = format.Type == EmbeddingRowType.Float32 && tableBytes == Small ? () => GatherAndSum(format, (int)rows, bags) : null,
        };
    }

    private static EmbeddingBagKernel Bind(BenchmarkArena arena, EmbeddingRowFormat format, long rows, int bags)
    {
        var table = arena.Own(new EmbeddingTable(format, rows));
        // Any bits but the exponents of infinite numbers will do.
        var row = Enumerable.Repeat((byte)0x38, format.RowBytes).ToArray();
        for (long i = 0; i < rows; i++) table.SetStored(i, row);
        var indices = arena.Own(new NativeBuffer((long)bags * RowsPerBag * sizeof(long)));
        RandomIndices(rows, indices.Span<long>());
        return EmbeddingBag.Bind(new EmbeddingBagProblem(format, DataType.Int64), new EmbeddingBagOperands(
            table.Address, rows, indices.Address, (long)bags * RowsPerBag, bags, arena.Empty((long)bags * format.Dimension * sizeof(float))));
    }

    private static void RandomIndices(long rows, Span<long> indices)
    {
        var random = new Random(37);
        foreach (ref var index in indices) index = random.NextInt64(rows);
    }

    private static Graph GatherAndSum(EmbeddingRowFormat format, int rows, int bags)
    {
        var graph = new Graph("EmbeddingBag");
        var indices = new long[bags * RowsPerBag];
        RandomIndices(rows, indices);
        // The peer's integer inputs are zeros: the indices are a constant that such an input is added to.
        var zero = graph.AddInput("zero", ElementType.Int64, Shape.Of(1));
        var picks = graph.Add("Add", zero, graph.AddConstant(Tensor.From<long>(indices, bags, RowsPerBag)));
        picks.ElementType = ElementType.Int64;
        picks.Shape = Shape.Of(bags, RowsPerBag);
        var table = graph.AddConstant(Tensor.From<float>(Numbers.Floats(rows * format.Dimension), rows, format.Dimension));
        var found = graph.Add("Gather", table, picks);
        found.ElementType = ElementType.Float32;
        found.Shape = Shape.Of(bags, RowsPerBag, format.Dimension);
        var sum = graph.Add("ReduceSum", new AttributeMap { { "keepdims", 0L } }, found, graph.AddConstant(Tensor.From<long>([1], 1)));
        sum.ElementType = ElementType.Float32;
        sum.Shape = Shape.Of(bags, format.Dimension);
        graph.Outputs.Add(sum);
        return graph;
    }
}
