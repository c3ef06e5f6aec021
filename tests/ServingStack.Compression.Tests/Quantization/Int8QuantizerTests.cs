using ServingStack.Compression.Datasets;
using ServingStack.Compression.Evaluation;
using ServingStack.Compression.Quantization;
using ServingStack.Engine;
using ServingStack.Graphs;
using ServingStack.Zoo;

namespace ServingStack.Compression.Tests.Quantization;

public sealed class Int8QuantizerTests
{
    private static readonly ResidualNetwork.Configuration Tiny = new()
    {
        Extent = 12,
        Classes = 4,
        Width = 8,
        Stages = 2,
        BlocksPerStage = 1,
    };

    private static readonly ImageRows Images =
        new(SyntheticImages.Create(200, Tiny.Classes, Tiny.Extent, seed: 1), ChannelNormalization.None);

    [Theory]
    [InlineData(RangeMethod.MinMax)]
    [InlineData(RangeMethod.Percentile)]
    [InlineData(RangeMethod.MinimumError)]
    public void Quantize_ResidualNetwork_StaysNearTheFloatsOnOnnxRuntime(RangeMethod ranges)
    {
        var graph = ResidualNetwork.Create(Tiny, seed: 3);

        var result = Int8Quantizer.Quantize(graph, Images, new() { Ranges = ranges, CalibrationRows = 100 });

        var (expected, actual) = (Scores(graph, Images, onnxRuntime: true), Scores(result.Graph, Images, onnxRuntime: true));
        Assert.InRange(SignalToNoise(expected, actual), 20, double.PositiveInfinity);
    }

    [Fact]
    public void Quantize_ResidualNetwork_LeavesNoFloatOperatorBetween()
    {
        var result = Int8Quantizer.Quantize(ResidualNetwork.Create(Tiny, seed: 3), Images, new() { CalibrationRows = 50 });

        Assert.Equal(["Softmax probabilities"], result.KeptInFloat);
        using var model = CompiledModel.Compile(result.Graph, new EngineOptions());
        using var session = model.CreateSession();
        var plan = session.PlanForBatch(2);
        Assert.Equal(["QuantizeLinear", "Softmax"], plan.Steps.Where(s => s.Precision != "int8").Select(s => s.OpType));
        Assert.Equal(0, plan.FallbackSteps);
    }

    [Fact]
    public void Quantize_ResidualNetwork_IsPlainOnnxWithSymmetricWeights()
    {
        var graph = Int8Quantizer.Quantize(ResidualNetwork.Create(Tiny, seed: 3), Images, new() { CalibrationRows = 50 }).Graph;

        Assert.All(graph.Nodes, node => Assert.Equal("", node.Domain));
        Assert.DoesNotContain(graph.Nodes, node => node.OpType == "BatchNormalization");
        var layers = graph.Nodes.Where(n => n.OpType is "Conv" or "Gemm").ToArray();
        Assert.All(layers, layer =>
        {
            var weights = layer.Inputs[1]!.Producer!;
            Assert.Equal(ElementType.Int8, weights.Inputs[0]!.ElementType);
            Assert.Equal(0, weights.Attributes.Int("axis", 1));
            Assert.Equal(weights.Inputs[0]!.Constant!.Dimensions[0], weights.Inputs[1]!.Constant!.ElementCount);
            Assert.Null(weights.Input(2));

            var bias = layer.Inputs[2]!.Producer!;
            Assert.Equal(ElementType.Int32, bias.Inputs[0]!.ElementType);
            var activation = layer.Inputs[0]!.Producer!;
            while (activation.OpType != "DequantizeLinear") activation = activation.Inputs[0]!.Producer!;
            var scale = activation.Inputs[1]!.Constant!.As<float>()[0];
            Assert.Equal(scale * weights.Inputs[1]!.Constant!.As<float>()[0], bias.Inputs[1]!.Constant!.As<float>()[0]);
        });
    }

    [Fact]
    public void Quantize_ResidualNetwork_OnOurEngineAgreesWithOnnxRuntime()
    {
        var graph = Int8Quantizer.Quantize(ResidualNetwork.Create(Tiny, seed: 3), Images, new() { CalibrationRows = 100 }).Graph;

        var (expected, actual) = (Scores(graph, Images, onnxRuntime: true), Scores(graph, Images, onnxRuntime: false));

        // The engine rounds a fused sum once where ONNX Runtime rounds twice: a few steps of the features, a hundredth of probability.
        Assert.InRange(expected.Zip(actual, (e, a) => Math.Abs(e - a)).Max(), 0, 0.05);
        Assert.InRange(SignalToNoise(expected, actual), 30, double.PositiveInfinity);
    }

    [Fact]
    public void Quantize_OneGemm_GivesTheSameIntegersOnBothEngines()
    {
        const int seed = 9;
        var random = new Random(seed);
        float[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() * 2) - 1))];
        var graph = new Graph("gemm");
        var x = graph.AddInput("x", ElementType.Float32, new Shape(Dimension.Named("batch"), 20));
        var hidden = graph.Add("Relu",
            graph.Add("Gemm", x, graph.AddConstant(Tensor.From<float>(Draw(20 * 17), 20, 17)),
                graph.AddConstant(Tensor.From<float>(Draw(17), 17))));
        graph.Outputs.Add(graph.Add("Gemm", hidden, graph.AddConstant(Tensor.From<float>(Draw(17 * 5), 17, 5))));
        var rows = new Rows(Draw(64 * 20), 20);

        var quantized = Int8Quantizer.Quantize(graph, rows, new()).Graph;

        var (expected, actual) = (Scores(quantized, rows, onnxRuntime: true), Scores(quantized, rows, onnxRuntime: false));
        var step = quantized.Nodes.Single(n => n.Name == $"{hidden.Name}.quantize").Inputs[1]!.Constant!.As<float>()[0];
        // One step of the hidden layer, through weights of at most 1.
        Assert.True(expected.Zip(actual, (e, a) => Math.Abs(e - a)).Max() <= step, $"seed {seed}");
        Assert.InRange(SignalToNoise(Scores(graph, rows, onnxRuntime: true), expected), 30, double.PositiveInfinity);
    }

    [Fact]
    public void Quantize_Recommender_KeepsEmbeddingsInFloats()
    {
        var (rows, _) = ClickLog.Create(500, 1, 2);
        var (means, deviations) = rows.DenseStatistics();
        var graph = Recommender.Create(new([.. rows.CategoricalColumns.Select(c => c.Categories.Count)], means, deviations), seed: 1);
        var table = new TabularRows(rows);

        var result = Int8Quantizer.Quantize(graph, table, new() { CalibrationRows = 300 });

        Assert.Equal(["bottom1", "bottom2", "top1", "top2", "logit"],
            result.Quantized.Where(n => n.StartsWith("Gemm", StringComparison.Ordinal)).Select(n => n[5..]));
        Assert.Contains("Gather embedding0", result.KeptInFloat);
        Assert.InRange(SignalToNoise(Scores(graph, table, onnxRuntime: true), Scores(result.Graph, table, onnxRuntime: true)), 25,
            double.PositiveInfinity);
    }

    [Fact]
    public void Quantize_KeepFirstAndLast_LeavesThemInFloats()
    {
        var options = new Int8Options
        {
            KeepFirst = true,
            KeepLast = true,
            Keep = new HashSet<string> { "stage2.block1.conv1" },
            CalibrationRows = 50,
        };

        var result = Int8Quantizer.Quantize(ResidualNetwork.Create(Tiny, seed: 3), Images, options);

        Assert.Equal(["Conv stem", "Conv stage2.block1.conv1", "Gemm classifier"],
            result.KeptInFloat.Where(n => n.StartsWith("Conv", StringComparison.Ordinal)
                || n.StartsWith("Gemm", StringComparison.Ordinal)));
    }

    [Fact]
    public void Quantize_NothingToQuantize_IsRefused()
    {
        var graph = new Graph("plain");
        graph.Outputs.Add(graph.Add("Relu", graph.AddInput("x", ElementType.Float32, Shape.Of(1, 2))));

        var error = Assert.Throws<NotSupportedException>(() => Int8Quantizer.Quantize(graph, Images, new()));

        Assert.Contains("'plain' has no Conv, Gemm or MatMul", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Quantize_Model_LeavesTheOriginalAsItIs()
    {
        var graph = ResidualNetwork.Create(Tiny, seed: 3);
        var before = GraphPrinter.Print(graph);

        Int8Quantizer.Quantize(graph, Images, new() { CalibrationRows = 50 });

        Assert.Equal(before, GraphPrinter.Print(graph));
    }

    private static float[] Scores(Graph graph, ILabelledRows rows, bool onnxRuntime)
    {
        using var model = CompiledModel.Compile(graph, new EngineOptions { ForceOnnxRuntime = onnxRuntime });
        return Evaluator.Scores(model, rows);
    }

    /// <summary>In decibels.</summary>
    private static double SignalToNoise(float[] expected, float[] actual) =>
        10 * Math.Log10(expected.Sum(e => (double)e * e) / expected.Zip(actual, (e, a) => Math.Pow(e - a, 2)).Sum());

    private sealed class Rows(float[] values, int width) : ILabelledRows
    {
        public int Count => values.Length / width;

        public Tensor[] Inputs(int first, int count) => [Tensor.From<float>(values.AsSpan(first * width, count * width), count, width)];

        public float Target(int row) => 0;
    }
}
