using ServingStack.Compression.Datasets;
using ServingStack.Compression.Evaluation;
using ServingStack.Compression.Quantization;
using ServingStack.Graphs;
using ServingStack.Zoo;

namespace ServingStack.Compression.Tests.Quantization;

/// <summary>Each accuracy technique by itself.</summary>
public sealed class TechniqueTests
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

    private static readonly Int8Options Quick = new() { CalibrationRows = 50 };

    [Fact]
    public void FineGrain_Channels_HaveLessShadowErrorThanTensors()
    {
        var graph = ResidualNetwork.Create(Tiny, seed: 3);

        var fine = Int8Quantizer.Quantize(graph, Images, Quick).Errors;
        var coarse = Int8Quantizer.Quantize(graph, Images, Quick with { Grain = WeightGrain.Tensor }).Errors;

        Assert.Equal(fine.Select(e => e.Name), coarse.Select(e => e.Name));
        Assert.True(fine.Average(e => e.SignalToNoise) > coarse.Average(e => e.SignalToNoise));
    }

    [Fact]
    public void LearnedRounding_Layers_HaveLessShadowErrorThanToTheNearest()
    {
        var graph = ResidualNetwork.Create(Tiny, seed: 3);

        var learned = Int8Quantizer.Quantize(graph, Images, Quick with { LearnedRounding = true }).Errors;
        var nearest = Int8Quantizer.Quantize(graph, Images, Quick).Errors;

        Assert.True(learned.Average(e => e.SignalToNoise) > nearest.Average(e => e.SignalToNoise));
    }

    [Fact]
    public void LearnedRounding_CorrelatedInputs_LetsErrorsCancel()
    {
        // Both inputs are always equal: rounding one weight up and the other down costs nothing.
        sbyte[] codes = [0, 0];

        LearnedRounding.Improve([0.4f, 0.4f], [1, 1, 1, 1], _ => 1, codes, _ => true, 7);

        Assert.Equal(1, codes[0] + codes[1]);
    }

    [Fact]
    public void ApproximateError_OneOutlier_IsTrimmed()
    {
        var histogram = new ActivationHistogram(0, 100);
        var random = new Random(2);
        var values = Enumerable.Range(0, 1_000_000).Select(_ => (float)random.NextDouble()).ToArray();
        values[17] = 100;
        histogram.Add(values);

        var approximate = histogram.Choose(RangeMethod.ApproximateError);

        Assert.InRange(approximate.Scale, 0.9f / 255, 3f / 255);
    }

    [Fact]
    public void Selective_BudgetThatHolds_KeepsNothingInFloats()
    {
        var result = Int8Quantizer.Quantize(ResidualNetwork.Create(Tiny, seed: 3), Images, Quick with { Budget = 1 });

        Assert.DoesNotContain(result.KeptInFloat, k => k.StartsWith("Conv", StringComparison.Ordinal));
    }

    [Fact]
    public void Selective_OneBadLayer_StaysInFloats()
    {
        var (graph, rows) = Fragile();

        var result = Int8Quantizer.Quantize(graph, rows, Quick with { Budget = 0.01, MostInFloat = 0.5, Grain = WeightGrain.Tensor });

        Assert.Contains("Gemm fragile", result.KeptInFloat);
        Assert.Contains("Gemm sturdy", result.Quantized);
    }

    [Fact]
    public void Selective_BudgetThatCannotHold_NamesWhatIsInTheWay()
    {
        var (graph, rows) = Fragile();

        var error = Assert.Throws<QuantizationException>(() =>
            Int8Quantizer.Quantize(graph, rows, Quick with { Budget = 0.01, MostInFloat = 0, Grain = WeightGrain.Tensor }));

        Assert.Contains("with 0 % of the layers in floats", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(2)]
    public void Selective_BudgetOutOfRange_IsRefused(double budget) => Assert.Contains("a share of the rows, 0 to 1",
        Assert.Throws<QuantizationException>(() =>
            Int8Quantizer.Quantize(ResidualNetwork.Create(Tiny, seed: 3), Images, Quick with { Budget = budget })).Message, StringComparison.Ordinal);

    /// <summary>Two classes told apart by a weight that one large weight beside it, which never counts, makes round to nothing.</summary>
    private static (Graph, ILabelledRows) Fragile()
    {
        var graph = new Graph("fragile");
        var x = graph.AddInput("x", ElementType.Float32, new Shape(Dimension.Named("batch"), 2));
        Value Layer(string name, Value input, params float[] weights)
        {
            var output = new Value($"{name}.out");
            graph.Add(new Node("Gemm", [input, graph.AddConstant(Tensor.From<float>(weights, 2, 2))], [output], name));
            return output;
        }
        var fragile = Layer("fragile", x, 0.01f, -0.01f, 100, 100);
        graph.Outputs.Add(Layer("sturdy", fragile, 1, 0, 0, 1));
        return (graph, new TwoClasses());
    }

    private sealed class TwoClasses : ILabelledRows
    {
        public int Count => 40;

        public Tensor[] Inputs(int first, int count) => [Tensor.From<float>(
            [.. Enumerable.Range(first, count).SelectMany(i => (float[])[i % 2 == 0 ? 1 : -1, 0])], count, 2)];

        public float Target(int row) => row % 2;
    }
}
