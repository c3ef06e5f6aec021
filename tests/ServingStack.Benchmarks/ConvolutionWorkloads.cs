using ServingStack.Graphs;
using ServingStack.Kernels;
using ServingStack.Kernels.Convolution;
using ServingStack.Kernels.Gemm;

namespace ServingStack.Benchmarks;

/// <summary>
/// Convolutions of ResNet-20, ResNet-50, ResNeXt-50 and mobile networks, one image; of 3-D ResNet and X3D, one clip of eight frames. ONNX
/// Runtime reads NCHW, its own order; we read NHWC, ours.
/// </summary>
internal static class ConvolutionWorkloads
{
    private const int ZeroPoint = 43;
    private const float ScaleX = 0.02f;
    private const float ScaleW = 0.003f;
    private const float ScaleY = 0.9f;

    // Name, channels in, out, height = width, kernel, stride, groups.
    private static readonly (string Name, int In, int Out, int Size, int Kernel, int Stride, int Groups)[] Layers =
    [
        ("cifar-stem", 3, 16, 32, 3, 1, 1),
        ("cifar-16", 16, 16, 32, 3, 1, 1),
        ("cifar-32", 32, 32, 16, 3, 1, 1),
        ("cifar-64", 64, 64, 8, 3, 1, 1),
        ("cifar-16-32-s2", 16, 32, 32, 3, 2, 1),
        ("resnet-stem", 3, 64, 224, 7, 2, 1),
        ("resnet-64", 64, 64, 56, 3, 1, 1),
        ("resnet-256", 256, 256, 14, 3, 1, 1),
        ("vgg-64x224", 64, 64, 224, 3, 1, 1),
        ("vgg-128x112", 128, 128, 112, 3, 1, 1),
        ("vgg-256x56", 256, 256, 56, 3, 1, 1),
        ("vgg-512x28", 512, 512, 28, 3, 1, 1),
        ("vgg-512x14", 512, 512, 14, 3, 1, 1),
        ("resnet-128", 128, 128, 28, 3, 1, 1),
        ("resnet-512", 512, 512, 7, 3, 1, 1),
        ("resnet-1x1", 64, 256, 56, 1, 1, 1),
        ("depthwise-32", 32, 32, 112, 3, 1, 32),
        ("depthwise-144", 144, 144, 56, 3, 1, 144),
        ("depthwise-512", 512, 512, 14, 3, 1, 512),
        ("depthwise-96-s2", 96, 96, 112, 3, 2, 96),
        ("depthwise-240-5x5", 240, 240, 28, 5, 1, 240),
        ("depthwise-672-5x5-s2", 672, 672, 14, 5, 2, 672),
        ("grouped-32x4", 128, 128, 56, 3, 1, 32),
        ("grouped-32x8", 256, 256, 28, 3, 1, 32),
        ("grouped-32x8-s2", 256, 256, 56, 3, 2, 32),
        ("grouped-32x16", 512, 512, 14, 3, 1, 32),
        ("grouped-32x32", 1024, 1024, 7, 3, 1, 32),
    ];

    // The same over eight frames, with the kernel's extent in time before its extent in space.
    private static readonly (string Name, int In, int Out, int Size, int Depth, int Kernel, int Stride, int Groups)[] VideoLayers =
    [
        ("video-stem-3x7x7", 3, 64, 112, 3, 7, 2, 1),
        ("video-128-3x3x3", 128, 128, 28, 3, 3, 1, 1),
        ("video-128-1x3x3", 128, 128, 28, 1, 3, 1, 1),
        ("video-depthwise-108-3x3x3", 108, 108, 28, 3, 3, 1, 108),
        ("video-depthwise-108-1x3x3", 108, 108, 28, 1, 3, 1, 108),
    ];

    public static IEnumerable<KernelWorkload> Create() =>
        from type in new[] { DataType.UInt8, DataType.Float32 }
        from problem in Problems(type)
        select Create(problem.Name, type, problem.Problem);

    private static IEnumerable<(string Name, ConvolutionProblem Problem)> Problems(DataType type) =>
    [
        .. Layers.Select(l => (l.Name, Problem((l.Name, l.In, l.Out, l.Size, l.Kernel, l.Stride, l.Groups), type))),
        .. VideoLayers.Select(l => (l.Name, Problem((l.Name, l.In, l.Out, l.Size, l.Kernel, l.Stride, l.Groups), type) with
        {
            InputDepth = 8,
            KernelDepth = l.Depth,
            PadFront = l.Depth / 2,
            PadBack = l.Depth / 2,
        })),
    ];

    private static ConvolutionProblem Problem(
        (string Name, int In, int Out, int Size, int Kernel, int Stride, int Groups) l, DataType type) => new()
        {
            InputChannels = l.In,
            OutputChannels = l.Out,
            InputHeight = l.Size,
            InputWidth = l.Size,
            KernelHeight = l.Kernel,
            KernelWidth = l.Kernel,
            StrideY = l.Stride,
            StrideX = l.Stride,
            PadTop = l.Kernel / 2,
            PadLeft = l.Kernel / 2,
            PadBottom = l.Kernel / 2,
            PadRight = l.Kernel / 2,
            Groups = l.Groups,
            Input = type,
            Epilogue = new Epilogue { Output = type, OutputZeroPoint = type == DataType.UInt8 ? ZeroPoint : 0 },
        };

    private static KernelWorkload Create(string name, DataType type, ConvolutionProblem p)
    {
        var weights = p.OutputChannels * (p.InputChannels / p.Groups) * p.KernelPixels;
        var quantized = type == DataType.UInt8;
        return new KernelWorkload
        {
            Family = quantized ? "convolution-int8" : "convolution-fp32",
            Shape = name,
            Operations = 2.0 * weights * p.OutputLines * p.OutputWidth,
            Limit = quantized ? Limit.Bytes : Limit.Floats,
            Bind = arena => Bind(arena, p, quantized ? IntegerWeights(p, weights) : new GemmWeights { B = Numbers.FloatBytes(weights) }),
            Graph = () => quantized ? QuantizedGraph(p, weights) : FloatGraph(p, weights),
        };
    }

    private static GemmWeights IntegerWeights(ConvolutionProblem p, int count) => new()
    {
        B = Numbers.Bytes(count),
        Scale = Enumerable.Repeat(ScaleX * ScaleW / ScaleY, p.OutputChannels).ToArray(),
        ZeroPointA = ZeroPoint,
    };

    private static BoundKernel Bind(BenchmarkArena arena, ConvolutionProblem p, GemmWeights weights)
    {
        var packed = arena.Own(KernelTable.Select(p).Chosen.Pack(p, weights));
        var inputs = (long)p.InputDepth * p.InputHeight * p.InputWidth * p.InputChannels;
        var outputs = (long)p.OutputLines * p.OutputWidth * p.OutputChannels;
        var input = p.Input == DataType.Float32 ? arena.RandomFloats(inputs) : arena.RandomBytes(inputs);
        return packed.Bind(new ConvolutionOperands(1, input, arena.Empty(outputs * p.Epilogue.Output.Size())));
    }

    private static Graph QuantizedGraph(ConvolutionProblem p, int weights)
    {
        var graph = new Graph("QLinearConv");
        var x = graph.AddInput("x", ElementType.UInt8, Shape.Of(InputShape(p)));
        var w = graph.AddConstant(new Tensor(ElementType.Int8, WeightShape(p), Numbers.Bytes(weights)));
        var channels = p.OutputChannels;
        var y = graph.Add(
            "QLinearConv", Attributes(p), x, Scalar(graph, ScaleX), Scalar(graph, (byte)ZeroPoint), w,
            graph.AddConstant(Tensor.From<float>(Enumerable.Repeat(ScaleW, channels).ToArray(), channels)),
            graph.AddConstant(Tensor.From<sbyte>(new sbyte[channels], channels)), Scalar(graph, ScaleY), Scalar(graph, (byte)ZeroPoint));
        return Finish(graph, y, ElementType.UInt8, p);
    }

    private static Graph FloatGraph(ConvolutionProblem p, int weights)
    {
        var graph = new Graph("Conv");
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(InputShape(p)));
        var w = graph.AddConstant(Tensor.From<float>(Numbers.Floats(weights), WeightShape(p)));
        return Finish(graph, graph.Add("Conv", Attributes(p), x, w), ElementType.Float32, p);
    }

    private static long[] InputShape(ConvolutionProblem p) =>
        [1, p.InputChannels, .. Axes(p, p.InputDepth, p.InputHeight, p.InputWidth)];

    private static long[] WeightShape(ConvolutionProblem p) =>
        [p.OutputChannels, p.InputChannels / p.Groups, .. Axes(p, p.KernelDepth, p.KernelHeight, p.KernelWidth)];

    // Numbers of two or three axes, as the problem has them.
    private static long[] Axes(ConvolutionProblem p, int z, int y, int x) => p.InputDepth > 1 ? [z, y, x] : [y, x];

    private static AttributeMap Attributes(ConvolutionProblem p) => new()
    {
        { "strides", Axes(p, p.StrideZ, p.StrideY, p.StrideX) },
        { "pads", (long[])[.. Axes(p, p.PadFront, p.PadTop, p.PadLeft), .. Axes(p, p.PadBack, p.PadBottom, p.PadRight)] },
        { "group", (long)p.Groups },
    };

    private static Graph Finish(Graph graph, Value output, ElementType type, ConvolutionProblem p)
    {
        output.ElementType = type;
        output.Shape = Shape.Of([1, p.OutputChannels, .. Axes(p, p.OutputDepth, p.OutputHeight, p.OutputWidth)]);
        graph.Outputs.Add(output);
        return graph;
    }

    private static Value Scalar<T>(Graph graph, T value) where T : unmanaged => graph.AddConstant(Tensor.Scalar(value));
}
