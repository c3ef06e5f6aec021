using System.Runtime.InteropServices;
using ServingStack.Graphs;
using ServingStack.Kernels;
using ServingStack.Kernels.Gemm;

namespace ServingStack.Benchmarks;

/// <summary>
/// fp32 products whose weights are stored in 16 bits. ONNX Runtime computes the plain fp32 product: it has no operator for these.
/// </summary>
internal static class HalfWeightsWorkloads
{
    private static readonly (int M, int N, int K)[] DefaultShapes =
    [
        (1, 1024, 1024), (1, 4096, 4096), (4, 4096, 4096), (8, 4096, 4096), (16, 1024, 1024), (64, 1024, 1024), (256, 512, 256), (512, 512, 512),
    ];

    public static IEnumerable<KernelWorkload> Create((int M, int N, int K)? only) =>
        from shape in only is { } one ? [one] : DefaultShapes
        from workload in (KernelWorkload[])
        [
            Workload("gemm-fp16w", shape, DataType.Float16, rounds: false),
            Workload("gemm-bf16w", shape, DataType.BFloat16, rounds: false),
            Workload("gemm-bf16w-rounded", shape, DataType.BFloat16, rounds: true),
        ]
        select workload;

    private static KernelWorkload Workload(string family, (int M, int N, int K) s, DataType weights, bool rounds) => new()
    {
        Family = family,
        Shape = $"{s.M}x{s.N}x{s.K}",
        Operations = 2.0 * s.M * s.N * s.K,
        Limit = s.M == 1 ? Limit.Memory : Limit.Floats,
        Bytes = 2.0 * s.N * s.K,
        Bind = arena => Bind(arena, s, new GemmProblem(s.N, s.K, DataType.Float32, new Epilogue { Output = DataType.Float32 })
        {
            B = weights,
            RoundsActivations = rounds,
        }),
        Graph = () => Graph(s),
    };

    private static BoundKernel Bind(BenchmarkArena arena, (int M, int N, int K) s, GemmProblem problem)
    {
        var halves = Array.ConvertAll(Numbers.Floats(s.N * s.K), x => problem.B == DataType.Float16
            ? BitConverter.HalfToUInt16Bits((Half)x) : (ushort)(BitConverter.SingleToUInt32Bits(x) >> 16));
        var weights = new GemmWeights { B = MemoryMarshal.AsBytes(halves.AsSpan()).ToArray() };
        var packed = arena.Own(KernelTable.Select(problem).Chosen.Pack(problem, weights));
        var (a, c) = (arena.RandomFloats((long)s.M * s.K), arena.Empty((long)s.M * s.N * sizeof(float)));
        return packed.Bind(new GemmOperands(s.M, a, s.K * sizeof(float), c, s.N * sizeof(float)));
    }

    private static Graph Graph((int M, int N, int K) s)
    {
        var graph = new Graph("MatMul");
        var a = graph.AddInput("a", ElementType.Float32, Shape.Of(s.M, s.K));
        var c = graph.Add("MatMul", a, graph.AddConstant(Tensor.From<float>(Numbers.Floats(s.N * s.K), s.K, s.N)));
        (c.ElementType, c.Shape) = (ElementType.Float32, Shape.Of(s.M, s.N));
        graph.Outputs.Add(c);
        return graph;
    }
}
