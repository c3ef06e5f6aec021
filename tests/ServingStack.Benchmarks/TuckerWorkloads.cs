using ServingStack.Graphs;
using ServingStack.Kernels;
using ServingStack.Kernels.Convolution;
using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Tucker;

namespace ServingStack.Benchmarks;

/// <summary>
/// VGG-16's layers after a Tucker decomposition, one image: against ONNX Runtime's three convolutions. What they save is the ratio to the
/// whole layers among the convolutions.
/// </summary>
internal static class TuckerWorkloads
{
    private const int ZeroPoint = 43;
    private const float ScaleX = 0.02f;
    private const float ScaleW = 0.003f;
    private const float ScaleY = 0.9f;

    // Name, channels in, reduced, after the core, out, height = width.
    private static readonly (string Name, int In, int Reduced, int Cored, int Out, int Size)[] Blocks =
    [
        ("tucker-64x224", 64, 32, 32, 64, 224),
        ("tucker-128x112", 128, 64, 64, 128, 112),
        ("tucker-256x56", 256, 128, 128, 256, 56),
        ("tucker-256x56-low", 256, 60, 53, 256, 56),
        ("tucker-512x28", 512, 256, 256, 512, 28),
        ("tucker-512x28-low", 512, 116, 100, 512, 28),
        ("tucker-512x14", 512, 224, 224, 512, 14),
    ];

    public static IEnumerable<(string Name, TuckerProblem Problem)> Problems =>
        from block in Blocks
        from type in new[] { DataType.UInt8, DataType.Float32 }
        select (block.Name, Problem(block, type));

    public static IEnumerable<KernelWorkload> Create() => Problems.Select(block => Create(block.Name, block.Problem));

    private static KernelWorkload Create(string name, TuckerProblem problem)
    {
        var quantized = problem.Reduce.Input == DataType.UInt8;
        return new KernelWorkload
        {
            Family = quantized ? "tucker-int8" : "tucker-fp32",
            Shape = name,
            Operations = 2.0 * problem.MultiplyAdds,
            Limit = quantized ? Limit.Bytes : Limit.Floats,
            Bind = arena => Bind(arena, problem),
            Graph = () => GraphOf(problem),
        };
    }

    private static TuckerProblem Problem((string Name, int In, int Reduced, int Cored, int Out, int Size) b, DataType type) => new(
        Convolution(b.In, b.Reduced, b.Size, kernel: 1, type), Convolution(b.Reduced, b.Cored, b.Size, kernel: 3, type),
        Convolution(b.Cored, b.Out, b.Size, kernel: 1, type));

    private static ConvolutionProblem Convolution(int inputs, int outputs, int size, int kernel, DataType type) => new()
    {
        InputChannels = inputs,
        OutputChannels = outputs,
        InputHeight = size,
        InputWidth = size,
        KernelHeight = kernel,
        KernelWidth = kernel,
        PadTop = kernel / 2,
        PadLeft = kernel / 2,
        PadBottom = kernel / 2,
        PadRight = kernel / 2,
        Input = type,
        Epilogue = new Epilogue { Output = type, OutputZeroPoint = type == DataType.UInt8 ? ZeroPoint : 0 },
    };

    public static BoundKernel Bind(BenchmarkArena arena, TuckerProblem problem)
    {
        var weights = new TuckerWeights(WeightsOf(problem.Reduce), WeightsOf(problem.Core), WeightsOf(problem.Expand));
        var packed = arena.Own(TuckerTable.Select(problem).Pack(problem, weights));
        var last = problem.Expand;
        var outputs = (long)last.OutputHeight * last.OutputWidth * last.OutputChannels;
        return packed.Bind(new ConvolutionOperands(
            1, InputOf(arena, problem.Reduce), arena.Empty(outputs * last.Epilogue.Output.Size())));
    }

    public static nint InputOf(BenchmarkArena arena, ConvolutionProblem p)
    {
        var count = (long)p.InputHeight * p.InputWidth * p.InputChannels;
        return p.Input == DataType.Float32 ? arena.RandomFloats(count) : arena.RandomBytes(count);
    }

    public static GemmWeights WeightsOf(ConvolutionProblem p) => p.Input == DataType.Float32
        ? new GemmWeights { B = Numbers.FloatBytes(WeightCount(p)) }
        : new GemmWeights
        {
            B = Numbers.Bytes(WeightCount(p)),
            Scale = Enumerable.Repeat(ScaleX * ScaleW / ScaleY, p.OutputChannels).ToArray(),
            ZeroPointA = ZeroPoint,
        };

    private static int WeightCount(ConvolutionProblem p) => p.OutputChannels * p.InputChannels * p.KernelHeight * p.KernelWidth;

    private static Graph GraphOf(TuckerProblem problem)
    {
        var graph = new Graph("Tucker");
        var first = problem.Reduce;
        var type = first.Input == DataType.Float32 ? ElementType.Float32 : ElementType.UInt8;
        var value = graph.AddInput("x", type, Shape.Of(1, first.InputChannels, first.InputHeight, first.InputWidth));
        foreach (var p in (ConvolutionProblem[])[problem.Reduce, problem.Core, problem.Expand])
        {
            value = type == ElementType.Float32 ? Single(graph, p, value) : Quantized(graph, p, value);
            (value.ElementType, value.Shape) = (type, Shape.Of(1, p.OutputChannels, p.OutputHeight, p.OutputWidth));
        }
        graph.Outputs.Add(value);
        return graph;
    }

    private static Value Single(Graph graph, ConvolutionProblem p, Value x) =>
        graph.Add("Conv", Pads(p), x, graph.AddConstant(Tensor.From<float>(Numbers.Floats(WeightCount(p)), Extents(p))));

    private static Value Quantized(Graph graph, ConvolutionProblem p, Value x)
    {
        var channels = p.OutputChannels;
        return graph.Add(
            "QLinearConv", Pads(p), x, Scalar(graph, ScaleX), Scalar(graph, (byte)ZeroPoint),
            graph.AddConstant(new Tensor(ElementType.Int8, Extents(p), Numbers.Bytes(WeightCount(p)))),
            graph.AddConstant(Tensor.From<float>(Enumerable.Repeat(ScaleW, channels).ToArray(), channels)),
            graph.AddConstant(Tensor.From<sbyte>(new sbyte[channels], channels)), Scalar(graph, ScaleY), Scalar(graph, (byte)ZeroPoint));
    }

    private static long[] Extents(ConvolutionProblem p) => [p.OutputChannels, p.InputChannels, p.KernelHeight, p.KernelWidth];

    private static AttributeMap Pads(ConvolutionProblem p) => new()
    {
        { "pads", new long[] { p.PadTop, p.PadLeft, p.PadBottom, p.PadRight } },
    };

    private static Value Scalar<T>(Graph graph, T value) where T : unmanaged => graph.AddConstant(Tensor.Scalar(value));
}
