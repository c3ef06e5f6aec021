using ServingStack.Compression.Datasets;
using ServingStack.Compression.Evaluation;
using ServingStack.Compression.Quantization;
using ServingStack.Compression.ValueAware;
using ServingStack.Engine;
using ServingStack.Graphs;
using ServingStack.Graphs.ValueAware;
using ServingStack.Zoo;

namespace ServingStack.Compression.Tests.ValueAware;

public sealed class ValueAwareQuantizerTests
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
        new(SyntheticImages.Create(100, Tiny.Classes, Tiny.Extent, seed: 1), ChannelNormalization.None);

    private static readonly ValueAwareOptions Quick = new() { CalibrationRows = 50 };

    [Fact]
    public void Quantize_ResidualNetwork_RunsOnOnnxRuntimeNearTheFloats()
    {
        var graph = ResidualNetwork.Create(Tiny, seed: 3);

        var result = ValueAwareQuantizer.Quantize(graph, Images, Quick with { Large = 0.03 });

        Assert.All(result.Graph.Functions, f => Assert.All(f.Body.Nodes, n => Assert.Equal("", n.Domain)));
        Assert.InRange(SignalToNoise(Scores(graph, Images, true), Scores(result.Graph, Images, true)), 15, double.PositiveInfinity);
        Assert.All(result.Errors, e => Assert.InRange(e.SignalToNoise, 10, 80));
    }

    [Fact]
    public void Quantize_ResidualNetwork_GivesTheSameOnOurEngine()
    {
        var graph = ValueAwareQuantizer.Quantize(ResidualNetwork.Create(Tiny, seed: 3), Images, Quick).Graph;

        var (expected, actual) = (Scores(graph, Images, true), Scores(graph, Images, false));

        // Convolutions compute on the dequantized numbers; a product of pixels rounds its rows to eight bits in place of four.
        Assert.InRange(SignalToNoise(expected, actual), 18, double.PositiveInfinity);
    }

    [Theory]
    [InlineData(0, 0.02)]
    [InlineData(16, 0.02)]
    [InlineData(0, 0)]
    public void Quantize_Products_RunOnTheFourBitKernel(int group, double large)
    {
        var (graph, rows) = Products(seed: 5);
        var options = Quick with { EdgeBits = 4, Group = group, Large = large, CalibrationRows = 200 };

        var quantized = ValueAwareQuantizer.Quantize(graph, rows, options).Graph;

        using var model = CompiledModel.Compile(quantized, new EngineOptions());
        using var session = model.CreateSession();
        var steps = session.PlanForBatch(4).Steps;
        Assert.Equal(3, steps.Count(s => s.OpType is "ValueAwareGemm" or "ValueAwareConv"));
        Assert.All(steps, s => Assert.Equal(PlanStep.KernelsBackend, s.Backend));
        // Weights are the same; ours rounds activations to eight bits, the function to four.
        var exact = Scores(WithoutActivations(quantized), rows, true);
        Assert.InRange(SignalToNoise(exact, Scores(quantized, rows, false)), 28, double.PositiveInfinity);
    }

    [Fact]
    public void Plan_WeightsThatNoKernelTakes_SaysWhy()
    {
        var graph = ValueAwareQuantizer.Quantize(ResidualNetwork.Create(Tiny, seed: 3), Images, Quick).Graph;
        using var model = CompiledModel.Compile(graph, new EngineOptions());
        using var session = model.CreateSession();

        var notes = session.PlanForBatch(1).Steps.Where(s => s.OpType.Contains("Conv", StringComparison.Ordinal)).Select(s => s.Note).ToArray();

        Assert.Contains(notes, n => n.Contains("as floats: the window is larger than a pixel", StringComparison.Ordinal));
    }

    [Fact]
    public void Quantize_MoreLarge_IsNearer()
    {
        var (graph, rows) = Products(seed: 7);
        var quantizer = new ValueAwareQuantizer(graph, rows, Quick);
        var exact = Scores(graph, rows, true);

        var none = SignalToNoise(exact, Scores(quantizer.Write(Quick with { Bits = 3, Large = 0 }).Graph, rows, true));
        var some = SignalToNoise(exact, Scores(quantizer.Write(Quick with { Bits = 3, Large = 0.03 }).Graph, rows, true));

        Assert.True(some > none + 1, $"{some} dB with large numbers, {none} dB without");
    }

    [Theory]
    [InlineData(1, 0.01, 8, "Codes of 1 bits; 2 to 8")]
    [InlineData(9, 0.01, 8, "Codes of 9 bits; 2 to 8")]
    [InlineData(4, 0.01, 0, "Codes of 0 bits; 2 to 8")]
    [InlineData(4, 0.06, 8, "share of large numbers is 6 %; 0 to 5 %")]
    [InlineData(4, -0.01, 8, "share of large numbers is -1 %; 0 to 5 %")]
    [InlineData(4, double.NaN, 8, "share of large numbers is NaN %; 0 to 5 %")]
    public void Quantize_NumbersOutOfRange_AreRefused(int bits, double large, int edges, string expected)
    {
        var options = Quick with { Bits = bits, Large = large, EdgeBits = edges };

        var error = Assert.Throws<QuantizationException>(() => ValueAwareQuantizer.Quantize(ResidualNetwork.Create(Tiny, seed: 3), Images, options));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Quantize_RowsOfAnotherShape_AreRefused()
    {
        var (graph, _) = Products(seed: 5);

        var error = Assert.Throws<QuantizationException>(() => ValueAwareQuantizer.Quantize(graph, Images, Quick));

        Assert.Contains("give rows that fit the model", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Quantize_NoRows_AreRefused()
    {
        var (graph, _) = Products(seed: 5);

        var error = Assert.Throws<QuantizationException>(() => ValueAwareQuantizer.Quantize(graph, new FirstRows(Images, 0), Quick));

        Assert.Contains("no calibration rows", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Quantize_RowsThatAreNotFinite_AreRefused(float odd)
    {
        var (graph, rows) = Products(seed: 5);
        rows.Values[11] = odd;

        var error = Assert.Throws<NotSupportedException>(() => ValueAwareQuantizer.Quantize(graph, rows, Quick));

        Assert.Contains("on the calibration rows; a model must stay finite", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Quantize_WeightThatIsNotFinite_IsRefused()
    {
        var graph = new Graph("odd");
        var x = graph.AddInput("x", ElementType.Float32, new Shape(Dimension.Named("batch"), 2));
        graph.Outputs.Add(graph.Add("MatMul", x, graph.AddConstant(Tensor.From<float>([1, float.NaN, 2, 3], 2, 2))));

        var error = Assert.Throws<NotSupportedException>(() => ValueAwareQuantizer.Quantize(graph, new Rows([1, 2, 3, 4], 2), Quick));

        Assert.Contains("has a weight that is NaN", error.Message, StringComparison.Ordinal);
    }

    /// <summary>A product, a convolution by one pixel, and a product after a transposition.</summary>
    private static (Graph Graph, Rows Rows) Products(int seed)
    {
        var random = new Random(seed);
        float Heavy() => (float)Math.Pow((random.NextDouble() * 2) - 1, 5);
        Tensor Draw(params long[] dimensions) =>
            Tensor.From<float>([.. Enumerable.Range(0, (int)dimensions.Aggregate((p, d) => p * d)).Select(_ => Heavy())], dimensions);
        var graph = new Graph("products");
        var x = graph.AddInput("x", ElementType.Float32, new Shape(Dimension.Named("batch"), 48));
        var hidden = graph.Add("Relu", graph.Add("Gemm", x, graph.AddConstant(Draw(48, 128)), graph.AddConstant(Draw(128))));
        var image = graph.Add("Reshape", hidden, graph.AddConstant(Tensor.From<long>([0, 32, 2, 2], 4)));
        var mixed = graph.Add("Relu", graph.Add("Conv", image, graph.AddConstant(Draw(16, 32, 1, 1)), graph.AddConstant(Draw(16))));
        var flat = graph.Add("Reshape", mixed, graph.AddConstant(Tensor.From<long>([0, 64], 2)));
        graph.Outputs.Add(graph.Add("MatMul", flat, graph.AddConstant(Draw(64, 10))));
        return (graph, new Rows([.. Enumerable.Range(0, 200 * 48).Select(_ => Heavy())], 48));
    }

    private static Graph WithoutActivations(Graph graph)
    {
        var copy = Graphs.Onnx.OnnxReader.Load(Graphs.Onnx.OnnxWriter.ToBytes(graph));
        foreach (var call in copy.Nodes.Where(ValueAwareFunctions.IsActivations).ToArray())
        {
            copy.ReplaceUses(call.Outputs[0], call.Inputs[0]!);
            copy.Remove(call);
        }
        return copy;
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
        public float[] Values => values;

        public int Count => values.Length / width;

        public Tensor[] Inputs(int first, int count) => [Tensor.From<float>(values.AsSpan(first * width, count * width), count, width)];

        public float Target(int row) => 0;
    }
}
