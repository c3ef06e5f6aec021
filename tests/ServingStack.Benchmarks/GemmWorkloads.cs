using ServingStack.Graphs;
using ServingStack.Kernels;
using ServingStack.Kernels.Gemm;

namespace ServingStack.Benchmarks;

/// <summary>Matrix products: u8 x s8 with a requantized or a raw output, and fp32.</summary>
internal static class GemmWorkloads
{
    private const int ZeroPointA = 43;
    private const int ZeroPointC = 7;
    private const float ScaleA = 0.02f;
    private const float ScaleB = 0.003f;
    private const float ScaleC = 0.9f;

    // Tall and wide products of recommenders, transformers and ResNet-50's convolutions.
    public static readonly (int M, int N, int K)[] DefaultShapes =
    [
        (1, 1024, 1024), (4, 1024, 1024), (8, 512, 512), (10, 512, 512), (16, 1024, 1024), (20, 512, 256), (50, 1024, 512),
        (64, 800, 320), (64, 768, 512), (64, 1024, 1024), (128, 128, 512), (128, 1024, 1024), (256, 512, 256), (512, 512, 512),
        (1024, 1024, 1024), (3136, 64, 64), (3136, 64, 576), (3136, 256, 64), (784, 128, 1152), (784, 512, 128),
        (196, 256, 2304), (196, 1024, 256), (49, 512, 4608), (49, 2048, 512), (12544, 64, 147),
    ];

    public static IEnumerable<KernelWorkload> Create((int M, int N, int K)? only) =>
        from shape in only is { } one ? [one] : DefaultShapes
        from workload in (KernelWorkload[])[Quantized(shape), RawSums(shape), Floats(shape)]
        select workload;

    private static KernelWorkload Quantized((int M, int N, int K) s) => Workload(
        "gemm-int8", s, Limit.Bytes,
        arena => Bind(arena, s, Integers(s, new Epilogue { Output = DataType.UInt8, OutputZeroPoint = ZeroPointC }), IntegerWeights(s)),
        () => OneOperator("QLinearMatMul", s, ElementType.UInt8, graph =>
        [
            Scalar(graph, ScaleA), Scalar(graph, (byte)ZeroPointA), Weights(graph, s), PerColumn(graph, s, ScaleB), ZeroPoints(graph, s),
            Scalar(graph, ScaleC), Scalar(graph, (byte)ZeroPointC),
        ], ElementType.UInt8));

    private static KernelWorkload RawSums((int M, int N, int K) s) => Workload(
        "gemm-int8-s32", s, Limit.Bytes,
        arena => Bind(arena, s, Integers(s, new Epilogue { Output = DataType.Int32 }), IntegerWeights(s) with { Scale = default }),
        () => OneOperator("MatMulInteger", s, ElementType.UInt8, graph =>
            [Weights(graph, s), Scalar(graph, (byte)ZeroPointA)], ElementType.Int32));

    private static KernelWorkload Floats((int M, int N, int K) s) => Workload(
        "gemm-fp32", s, Limit.Floats,
        arena => Bind(arena, s, new GemmProblem(s.N, s.K, DataType.Float32, new Epilogue { Output = DataType.Float32 }),
            new GemmWeights { B = Numbers.FloatBytes(s.N * s.K) }),
        () => OneOperator("MatMul", s, ElementType.Float32, graph =>
            [graph.AddConstant(Tensor.From<float>(Numbers.Floats(s.N * s.K), s.K, s.N))], ElementType.Float32));

    private static GemmProblem Integers((int M, int N, int K) s, Epilogue epilogue) => new(s.N, s.K, DataType.UInt8, epilogue);

    private static KernelWorkload Workload(
        string family, (int M, int N, int K) s, Limit limit, Func<BenchmarkArena, BoundKernel> bind, Func<Graph> graph) => new()
        {
            Family = family,
            Shape = $"{s.M}x{s.N}x{s.K}",
            Operations = 2.0 * s.M * s.N * s.K,
            // One row reads every weight for a single multiply-add.
            Limit = s.M == 1 ? Limit.Memory : limit,
            Bytes = (double)s.N * s.K * (limit == Limit.Floats ? sizeof(float) : sizeof(sbyte)),
            Bind = bind,
            Graph = graph,
        };

    private static GemmWeights IntegerWeights((int M, int N, int K) s) => new()
    {
        B = Numbers.Bytes(s.N * s.K),
        Scale = Enumerable.Repeat(ScaleA * ScaleB / ScaleC, s.N).ToArray(),
        ZeroPointA = ZeroPointA,
    };

    private static BoundKernel Bind(BenchmarkArena arena, (int M, int N, int K) s, GemmProblem problem, GemmWeights weights)
    {
        var packed = arena.Own(KernelTable.Select(problem).Chosen.Pack(problem, weights));
        var elements = (long)s.M * s.K;
        var a = problem.A == DataType.Float32 ? arena.RandomFloats(elements) : arena.RandomBytes(elements);
        var rowBytes = s.N * problem.Epilogue.Output.Size();
        return packed.Bind(new GemmOperands(s.M, a, s.K * problem.A.Size(), arena.Empty((long)s.M * rowBytes), rowBytes));
    }

    private static Graph OneOperator(
        string operation, (int M, int N, int K) s, ElementType input, Func<Graph, Value[]> others, ElementType output)
    {
        var graph = new Graph(operation);
        var a = graph.AddInput("a", input, Shape.Of(s.M, s.K));
        var result = graph.Add(operation, [a, .. others(graph)]);
        result.ElementType = output;
        result.Shape = Shape.Of(s.M, s.N);
        graph.Outputs.Add(result);
        return graph;
    }

    private static Value Weights(Graph graph, (int M, int N, int K) s) =>
        graph.AddConstant(new Tensor(ElementType.Int8, [s.K, s.N], Numbers.Bytes(s.N * s.K)));

    private static Value PerColumn(Graph graph, (int M, int N, int K) s, float value) =>
        graph.AddConstant(Tensor.From<float>(Enumerable.Repeat(value, s.N).ToArray(), s.N));

    private static Value ZeroPoints(Graph graph, (int M, int N, int K) s) => graph.AddConstant(Tensor.From<sbyte>(new sbyte[s.N], s.N));

    private static Value Scalar<T>(Graph graph, T value) where T : unmanaged => graph.AddConstant(Tensor.Scalar(value));
}
