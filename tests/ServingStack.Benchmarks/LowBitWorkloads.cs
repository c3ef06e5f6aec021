using ServingStack.Graphs;
using ServingStack.Kernels;
using ServingStack.Kernels.Gemm;

namespace ServingStack.Benchmarks;

/// <summary>
/// Products with 4-bit weights in blocks of 32, fp32 activations and outputs (quantizing the activations is part of the time), without and
/// with outliers. ONNX Runtime's MatMulNBits computes the product without outliers, at either accuracy level that quantizes or not.
/// </summary>
internal static class LowBitWorkloads
{
    private const int Block = 32;

    // Beside the shapes of other products some whose weights do not fit a second-level cache.
    private static readonly (int M, int N, int K)[] DefaultShapes =
        [.. GemmWorkloads.DefaultShapes, (1, 4096, 4096), (4, 4096, 4096), (8, 4096, 4096), (16, 4096, 4096)];

    public static IEnumerable<KernelWorkload> Create((int M, int N, int K)? only) =>
        from shape in only is { } one ? [one] : DefaultShapes
        where shape.K % Block == 0
        from workload in (KernelWorkload[])
        [
            Workload("gemm-int4", shape, outliers: 0, accuracyLevel: 4),
            Workload("gemm-int4-level1", shape, outliers: 0, accuracyLevel: 1),
            Workload("gemm-int4-outliers", shape, outliers: 0.01, accuracyLevel: null),
            Workload("gemm-int4-outliers", shape, outliers: 0.03, accuracyLevel: null),
        ]
        select workload;

    private static KernelWorkload Workload(string family, (int M, int N, int K) s, double outliers, int? accuracyLevel)
    {
        var problem = new LowBitProblem(s.N, s.K, DataType.Float32, Block, new Epilogue { Output = DataType.Float32 }) { HasOutliers = outliers > 0 };
        return new KernelWorkload
        {
            Family = family,
            Shape = $"{s.M}x{s.N}x{s.K}" + (outliers > 0 ? FormattableString.Invariant($" {100 * outliers:0}%") : ""),
            Operations = 2.0 * s.M * s.N * s.K,
            Limit = s.M == 1 ? Limit.Memory : Limit.Bytes,
            // A scale of two bytes for each block, a word for each outlier.
            Bytes = (double)s.N * s.K * (0.5 + (2.0 / Block) + (4 * outliers)),
            Bind = arena => Bind(arena, s.M, problem, outliers),
            Graph = accuracyLevel is { } level ? () => Graph(s, level) : null,
        };
    }

    private static BoundKernel Bind(BenchmarkArena arena, int m, LowBitProblem problem, double outliers)
    {
        var weights = new GemmWeights { B = Numbers.Bytes(problem.N * problem.K / 2), BlockScales = Scales(problem.N * problem.Blocks) };
        if (outliers > 0) weights = weights with { Outliers = Outliers(problem, outliers) };
        var packed = arena.Own(KernelTable.Select(problem).Chosen.Pack(problem, weights));
        var (a, c) = (arena.RandomFloats((long)m * problem.K), arena.Empty((long)m * problem.N * sizeof(float)));
        return packed.Bind(new GemmOperands(m, a, problem.K * sizeof(float), c, problem.N * sizeof(float)));
    }

    private static Outlier[] Outliers(LowBitProblem problem, double share)
    {
        var random = new Random(37);
        return
        [
            .. Enumerable.Range(0, (int)((long)problem.N * problem.K * share))
                .Select(_ => new Outlier(random.Next(problem.K), random.Next(problem.N), (random.NextSingle() * 2) - 1)),
        ];
    }

    /// <summary>Of binary16, as exported models have them.</summary>
    private static float[] Scales(int count) => Array.ConvertAll(Numbers.Floats(count), x => (float)(Half)((x + 1.5f) / 100));

    private static Graph Graph((int M, int N, int K) s, int accuracyLevel)
    {
        var graph = new Graph("MatMulNBits");
        var a = graph.AddInput("a", ElementType.Float32, Shape.Of(s.M, s.K));
        var blocks = s.K / Block;
        var attributes = new AttributeMap
        {
            { "K", (long)s.K }, { "N", (long)s.N }, { "bits", 4L }, { "block_size", (long)Block }, { "accuracy_level", (long)accuracyLevel },
        };
        var b = graph.AddConstant(new Tensor(ElementType.UInt8, [s.N, blocks, Block / 2], Numbers.Bytes(s.N * s.K / 2)));
        var scales = graph.AddConstant(Tensor.From<float>(Scales(s.N * blocks), s.N * blocks));
        var output = new Value("c") { ElementType = ElementType.Float32, Shape = Shape.Of(s.M, s.N) };
        graph.Add(new Node("MatMulNBits", [a, b, scales], [output], "product", Domains.Microsoft) { Attributes = attributes });
        graph.Opsets[Domains.Microsoft] = 1;
        graph.Outputs.Add(output);
        return graph;
    }
}
