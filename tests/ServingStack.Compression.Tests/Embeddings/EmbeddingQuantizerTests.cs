using ServingStack.Compression.Embeddings;
using ServingStack.Compression.Quantization;
using ServingStack.Engine;
using ServingStack.Graphs;
using ServingStack.Graphs.Onnx;
using ServingStack.Tests.Shared;

namespace ServingStack.Compression.Tests.Embeddings;

public sealed class EmbeddingQuantizerTests
{
    private const int Rows = 100;

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    public void Quantize_Table_RunsAlikeOnBothEngines(int bits)
    {
        var graph = Lookup(Draw(Rows * 24, seed: bits), 24);

        var result = EmbeddingQuantizer.Quantize(graph, bits);

        Assert.Equal((1, Rows * 24 * 4L, Rows * ((24L * bits / 8) + 4)), (result.Tables, result.BytesBefore, result.BytesAfter));
        long[] indices = [0, 99, 7, -1, 50];
        var (exact, onnx, ours) = (Run(graph, indices, true), Run(result.Graph, indices, true), Run(result.Graph, indices, false));
        for (var i = 0; i < exact.Length; i++)
        {
            Assert.Equal(onnx[i], ours[i], 1e-5f);
            Assert.InRange(Math.Abs(exact[i] - onnx[i]), 0, bits == 8 ? 0.01f : 0.2f);
        }
    }

    [Fact]
    public void Quantize_Lookup_IsOneStepOfOurs()
    {
        var graph = EmbeddingQuantizer.Quantize(Lookup(Draw(Rows * 24, seed: 1), 24), 4).Graph;
        using var model = CompiledModel.Compile(graph, new EngineOptions());
        using var session = model.CreateSession();

        var step = Assert.Single(session.PlanForBatch(3).Steps);

        Assert.Equal(("EmbeddingRows", PlanStep.KernelsBackend), (step.OpType, step.Backend));
        Assert.Contains("rows of 20 bytes", step.Note, StringComparison.Ordinal);
    }

    [Fact]
    public void Quantize_IndexOutOfTheTable_IsRefusedBeforeItRuns()
    {
        var graph = EmbeddingQuantizer.Quantize(Lookup(Draw(Rows * 24, seed: 1), 24), 8).Graph;
        using var model = CompiledModel.Compile(graph, new EngineOptions());

        var error = Assert.Throws<InputException>(() => model.CheckInput(0, BitConverter.GetBytes(100L)));

        Assert.Contains("an index from -100 to 99", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RowRange_OneOutlier_IsLeftOutsideWhereThatCostsLess()
    {
        var row = Draw(256, seed: 6);
        row[3] = 3;

        var (greedy, whole) = (RowRange.Of(row, 15), RowRange.Whole(row));

        Assert.True(greedy.Most < whole.Most);
        Assert.True(Error(row, greedy) < Error(row, whole));

        static double Error(float[] row, RowRange range)
        {
            var (scale, bias) = range.Stored(15);
            return row.Sum(v => Math.Pow(v - ((RowRange.CodeOf(v, scale, bias, 15) * (float)scale) + (float)bias), 2));
        }
    }

    [Fact]
    public void RowRange_EqualNumbers_AreTheBias() =>
        Assert.Equal(((Half)0, (Half)0.5), RowRange.Of([0.5f, 0.5f, 0.5f], 15).Stored(15));

    [Theory]
    [InlineData(2)]
    [InlineData(16)]
    public void Quantize_OtherBits_AreRefused(int bits) => Assert.Contains($"tables of {bits} bits; 4 or 8",
        Assert.Throws<QuantizationException>(() => EmbeddingQuantizer.Quantize(Lookup(Draw(Rows * 4, 1), 4), bits)).Message, StringComparison.Ordinal);

    [Fact]
    public void Quantize_NoTable_IsRefused()
    {
        var graph = new Graph("plain");
        graph.Outputs.Add(graph.Add("Relu", graph.AddInput("x", ElementType.Float32, Shape.Of(1, 2))));

        Assert.Contains("'plain' has no Gather of rows",
            Assert.Throws<NotSupportedException>(() => EmbeddingQuantizer.Quantize(graph, 8)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Quantize_NumberThatIsNotFinite_IsRefused()
    {
        var values = Draw(Rows * 4, 1);
        values[9] = float.NaN;

        Assert.Contains("holds NaN",
            Assert.Throws<NotSupportedException>(() => EmbeddingQuantizer.Quantize(Lookup(values, 4), 8)).Message, StringComparison.Ordinal);
    }

    /// <summary>Of the ten best of 100 candidates, at least nine stay among the ten best, for nearly all users.</summary>
    [DataTheory]
    [InlineData("ncf_gmf8_ml1m", 8, 0.99)]
    [InlineData("ncf_mlp_64-32-16-8_ml1m", 8, 0.99)]
    [InlineData("ncf_mlp_64-32-16-8_ml1m", 4, 0.9)]
    public void Quantize_RecommenderOfMovies_KeepsTheRanking(string name, int bits, double least)
    {
        var graph = OnnxReader.Load(TestData.Path("recommender-models", $"{name}.onnx"));

        var kept = RankingKept.Of(graph, EmbeddingQuantizer.Quantize(graph, bits).Graph, users: 300, seed: 2);

        Assert.True(kept.Nine >= least, $"{kept}");
    }

    private static float[] Draw(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() * 2) - 1))];
    }

    private static Graph Lookup(float[] values, int dimension)
    {
        var graph = new Graph("lookup");
        var indices = graph.AddInput("i", ElementType.Int64, new Shape(Dimension.Named("batch")));
        graph.Outputs.Add(graph.Add("Gather", graph.AddConstant(Tensor.From<float>(values, values.Length / dimension, dimension)), indices));
        return graph;
    }

    private static float[] Run(Graph graph, long[] indices, bool onnxRuntime)
    {
        using var model = CompiledModel.Compile(graph, new EngineOptions { ForceOnnxRuntime = onnxRuntime });
        using var session = model.CreateSession();
        return session.Run([Tensor.From<long>(indices, indices.Length)])[0].As<float>().ToArray();
    }
}
