using ServingStack.Compression.Tucker;
using ServingStack.Compression.Tucker.Ranks;
using ServingStack.Engine;
using ServingStack.Graphs;

namespace ServingStack.Compression.Tests.Tucker;

public sealed class TuckerCompressorTests
{
    private const int Seed = 11;

    public sealed record Layer(string OpType, long[] Input, long[] Weights, AttributeMap Attributes, RankPair Full, RankPair Half)
    {
        public override string ToString() => $"{OpType} [{string.Join(", ", Weights)}] {string.Join(" ", Attributes.Select(a => a.Key))}";
    }

    public static TheoryData<Layer> Layers =>
    [
        new("Conv", [2, 6, 9, 8], [8, 6, 3, 3], Window([1, 1, 1, 1]), new(6, 8), new(3, 4)),
        new("Conv", [2, 6, 9, 8], [8, 6, 3, 3], Window([1, 1, 1, 1], strides: [2, 2]), new(6, 8), new(3, 4)),
        new("Conv", [1, 6, 11, 9], [8, 6, 3, 3], Window([0, 1, 2, 1], dilations: [2, 1]), new(6, 8), new(3, 4)),
        new("Conv", [1, 6, 9, 8], [8, 3, 3, 3], Window([1, 1, 1, 1], group: 2), new(3, 4), new(2, 2)),
        new("Conv", [2, 6, 17], [8, 6, 5], new() { { "pads", new long[] { 2, 2 } } }, new(6, 8), new(3, 4)),
        new("Conv", [1, 4, 5, 6, 7], [6, 4, 3, 3, 3], new() { { "pads", new long[] { 1, 1, 1, 1, 1, 1 } } }, new(4, 6), new(2, 3)),
        new("Conv", [1, 6, 5, 5], [8, 6, 1, 1], new(), new(null, 6), new(null, 3)),
        new("Gemm", [3, 7], [9, 7], new() { { "transB", 1L } }, new(null, 7), new(null, 3)),
        new("Gemm", [3, 7], [7, 9], new(), new(null, 7), new(null, 3)),
        new("MatMul", [2, 3, 7], [7, 9], new(), new(null, 7), new(null, 3)),
    ];

    [Theory]
    [MemberData(nameof(Layers))]
    public void Compress_FullRank_ReproducesTheLayer(Layer layer)
    {
        var graph = Network(layer);

        var result = TuckerCompressor.Compress(graph, Given(layer.Full));

        var input = Draw(layer.Input, 1);
        AssertClose(Run(graph, input, onnxRuntime: true), Run(result.Graph, input, onnxRuntime: true));
    }

    [Theory]
    [MemberData(nameof(Layers))]
    public void Compress_HalfTheRank_OurEngineAgreesWithOnnxRuntime(Layer layer)
    {
        var result = TuckerCompressor.Compress(Network(layer), Given(layer.Half));

        GraphInvariants.Check(result.Graph);
        var row = result.Rows.Single(r => r.Name == "layer");
        Assert.Equal(row.Nodes.Select(n => result.Graph.Nodes.Single(g => g.Name == n)).Sum(n => n.Inputs[1]!.Constant!.ElementCount),
            row.ParametersAfter);
        var input = Draw(layer.Input, 1);
        AssertClose(Run(result.Graph, input, onnxRuntime: true), Run(result.Graph, input, onnxRuntime: false));
    }

    [Fact]
    public void Compress_Network_LeavesWholeWhatItMustAndSaysWhy()
    {
        var graph = new Graph("mixed");
        var x = Convolve(graph, graph.AddInput("x", ElementType.Float32, Shape.Of(1, 3, 8, 8)), "first", [8, 3, 3, 3]);
        x = Convolve(graph, x, "depthwise", [8, 1, 3, 3], group: 8);
        x = Convolve(graph, x, "pointwise", [16, 8, 1, 1]);
        x = Convolve(graph, x, "kept", [16, 16, 3, 3]);
        graph.Outputs.Add(Convolve(graph, x, "middle", [16, 16, 3, 3]));
        ShapeInference.Run(graph);

        var rows = TuckerCompressor.Compress(graph, new() { Selector = new RatioRanks(0.25), Keep = new HashSet<string> { "kept" } })
            .Rows.ToDictionary(r => r.Name);

        Assert.Equal("Tucker-1", rows["first"].Method);
        Assert.Equal(new RankPair(null, 2), rows["first"].Ranks);
        Assert.Contains("depthwise", rows["depthwise"].Reason, StringComparison.Ordinal);
        Assert.Contains("--pointwise", rows["pointwise"].Reason, StringComparison.Ordinal);
        Assert.Equal("asked to be kept", rows["kept"].Reason);
        Assert.Equal(new RankPair(4, 4), rows["middle"].Ranks);
        Assert.Equal((16 * 4) + (9 * 4 * 4) + (4 * 16), rows["middle"].ParametersAfter);
        Assert.Equal(64 * 2 * rows["middle"].ParametersAfter, rows["middle"].FlopsAfter);
    }

    [Theory]
    [InlineData(1.5)]
    [InlineData(4)]
    public void Compress_BudgetOfFlops_IsMetAndNearlySpent(double factor)
    {
        var result = TuckerCompressor.Compress(Stack(), new() { Selector = new BudgetRanks(new FlopsCost(), factor) });

        var reached = (double)result.FlopsBefore / result.FlopsAfter;
        Assert.InRange(reached, factor, factor * 1.2);
    }

    [Fact]
    public void Compress_BudgetOutOfReach_SaysTheBestReachable()
    {
        var error = Assert.Throws<TuckerException>(() =>
            TuckerCompressor.Compress(Stack(), new() { Selector = new BudgetRanks(new FlopsCost(), 1e6) }));

        Assert.Contains("the best reachable is 1/", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Compress_Energy_KeepsThatShare()
    {
        var layer = PlantedLayer.Create(outputs: 20, inputs: 40, outputRank: 2, noise: 0.01, Seed);

        Assert.Equal(2, new EnergyRanks(0.98).Select([layer], 0).Single().Ranks!.Value.Outputs);
    }

    [Theory]
    [InlineData("relu", 2, 2, "Layer 'relu' is Relu, which cannot be decomposed; give ranks to Conv, Gemm, MatMul only.")]
    [InlineData("nothing", 2, 2, "'nothing' is no node of 'stack'; 'servingstack inspect' lists them.")]
    [InlineData("b", 17, 2, "Rank 17 for the inputs of layer 'b' is out of range: its inputs are 16, so give 1 to 16.")]
    [InlineData("a", 2, 2, "Layer 'a' takes a rank of its outputs only (Tucker-1), got 2, 2.")]
    public void Compress_RanksThatCannotBe_AreRefused(string layer, int inputs, int outputs, string expected)
    {
        var options = new TuckerOptions { Ranks = new Dictionary<string, RankPair> { [layer] = new(inputs, outputs) } };

        Assert.Equal(expected, Assert.Throws<TuckerException>(() => TuckerCompressor.Compress(Stack(), options)).Message);
    }

    [Fact]
    public void Compress_WeightsThatAreComputed_AreRefusedByName()
    {
        var graph = new Graph("computed");
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(1, 4, 8, 8));
        var w = graph.AddInput("w", ElementType.Float32, Shape.Of(4, 4, 3, 3));
        var y = new Value("y");
        graph.Add(new Node("Conv", [x, w], [y], "layer"));
        graph.Outputs.Add(y);

        var whole = Assert.Throws<TuckerException>(() => TuckerCompressor.Compress(graph, new()));
        var named = Assert.Throws<TuckerException>(() => TuckerCompressor.Compress(graph, Given(new(2, 2))));

        Assert.Contains("layer: its weights are no Float32 constant", whole.Message, StringComparison.Ordinal);
        Assert.Contains("Layer 'layer' cannot be decomposed: its weights are no Float32 constant", named.Message, StringComparison.Ordinal);
    }

    private static TuckerOptions Given(RankPair ranks) =>
        new() { Ranks = new Dictionary<string, RankPair> { ["layer"] = ranks }, Selector = new RatioRanks(0.9), Keep = new HashSet<string>() };

    /// <summary>The layer behind a first convolution or matrix, which would get one rank only.</summary>
    private static Graph Network(Layer layer)
    {
        var graph = new Graph("one");
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(layer.Input));
        var channels = layer.OpType == "Conv" ? layer.Input[1] : layer.Input[^1];
        Value before = new("before");
        long[] identity = layer.OpType == "Conv" ? [channels, channels, .. layer.Input[2..].Select(_ => 1L)] : [channels, channels];
        graph.Add(new Node(layer.OpType == "Conv" ? "Conv" : "MatMul", [x, graph.AddConstant(Draw(identity, 2))], [before], "before"));
        Value y = new("y");
        Value?[] inputs = layer.OpType == "MatMul" ? [before, graph.AddConstant(Draw(layer.Weights, 3))]
            : [before, graph.AddConstant(Draw(layer.Weights, 3)), graph.AddConstant(Draw([layer.Attributes.Contains("transB")
                || layer.OpType == "Conv" ? layer.Weights[0] : layer.Weights[1]], 4))];
        graph.Add(new Node(layer.OpType, inputs, [y], "layer") { Attributes = layer.Attributes });
        graph.Outputs.Add(y);
        ShapeInference.Run(graph);
        return graph;
    }

    private static Graph Stack()
    {
        var graph = new Graph("stack");
        var x = Convolve(graph, graph.AddInput("x", ElementType.Float32, Shape.Of(1, 3, 8, 8)), "a", [16, 3, 3, 3]);
        var relu = new Value("relu");
        graph.Add(new Node("Relu", [x], [relu], "relu"));
        x = Convolve(graph, relu, "b", [32, 16, 3, 3]);
        graph.Outputs.Add(Convolve(graph, x, "c", [32, 32, 3, 3]));
        ShapeInference.Run(graph);
        return graph;
    }

    private static Value Convolve(Graph graph, Value x, string name, long[] weights, long group = 1)
    {
        var y = new Value(name);
        var pad = weights[2] / 2;
        graph.Add(new Node("Conv", [x, graph.AddConstant(Draw(weights, name.Length), $"{name}.w")], [y], name)
        {
            Attributes = new() { { "pads", new[] { pad, pad, pad, pad } }, { "group", group } },
        });
        return y;
    }

    private static AttributeMap Window(long[] pads, long[]? strides = null, long[]? dilations = null, long group = 1) => new()
    {
        { "pads", pads }, { "strides", strides ?? [1, 1] }, { "dilations", dilations ?? [1, 1] }, { "group", group },
    };

    private static float[] Run(Graph graph, Tensor input, bool onnxRuntime)
    {
        using var model = CompiledModel.Compile(graph, new EngineOptions { ForceOnnxRuntime = onnxRuntime });
        using var session = model.CreateSession();
        return session.Run(input)[0].As<float>().ToArray();
    }

    private static void AssertClose(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        var scale = expected.Max(Math.Abs);
        for (var i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= 1e-5f * scale, $"seed {Seed}, element {i}: {expected[i]} against {actual[i]}");
    }

    private static Tensor Draw(long[] shape, int stream)
    {
        var random = new Random(Seed + stream);
        var values = new float[shape.Aggregate(1L, (product, d) => product * d)];
        for (var i = 0; i < values.Length; i++) values[i] = (float)PlantedMatrix.Gauss(random);
        return Tensor.From<float>(values, shape);
    }
}
