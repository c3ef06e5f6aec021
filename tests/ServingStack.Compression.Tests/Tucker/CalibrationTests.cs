using MathNet.Numerics.LinearAlgebra;
using ServingStack.Compression.Evaluation;
using ServingStack.Compression.Tucker;
using ServingStack.Compression.Tucker.Calibration;
using ServingStack.Engine;
using ServingStack.Graphs;

namespace ServingStack.Compression.Tests.Tucker;

public sealed class CalibrationTests
{
    private const int Seed = 17;

    [Fact]
    public void Collect_Convolution_IsTheCovarianceOfItsChannels()
    {
        var graph = Network(groups: 2);
        var layer = PlantedLayer.Layers(graph, All).Single(l => l.Name == "second");
        var rows = new AlikeChannels(3);

        var statistics = InputStatistics.Collect(graph, [layer], rows, 100)[layer];

        var x = Run(graph, rows.Inputs(0, 3)[0], output: "first");
        Assert.Equal(2, statistics.Length);
        for (var group = 0; group < 2; group++)
            for (var i = 0; i < 4; i++)
                for (var j = 0; j < 4; j++)
                    Assert.Equal(Covariance(x, (4 * group) + i, (4 * group) + j), statistics[group].Covariance[i, j], 1e-4);
    }

    [Fact]
    public void Undo_OfAFullDecomposition_IsTheKernel()
    {
        var random = new Random(Seed);
        var kernel = new KernelTensor(6, 5, 9, [.. Enumerable.Range(0, 270).Select(_ => PlantedMatrix.Gauss(random))]);
        var some = PlantedMatrix.Normal(random, 5, 3);
        var weighting = new InputWeighting(new(some.TransposeAndMultiply(some), Vector<double>.Build.Dense(5, 1)));

        var full = weighting.Undo(kernel, TuckerDecomposition.Of(weighting.Apply(kernel), new(5, 6)));

        var (restored, product) = (full.Restore(), full.InputFactor!.TransposeThisAndMultiply(full.InputFactor));
        Assert.True((product - Matrix<double>.Build.DenseIdentity(5)).L2Norm() < 1e-9, "the factor is not orthonormal");
        for (var i = 0; i < 270; i++) Assert.Equal(kernel.Values[i], restored.Values[i], 1e-6);
        Assert.All(full.Shift, shift => Assert.Equal(0, shift, 1e-6));
    }

    [Fact]
    public void Weighting_OfNothingSeen_ChangesNothing()
    {
        var kernel = new KernelTensor(2, 2, 1, [1, 2, 3, 4]);

        var nothing = new InputStatistics(Matrix<double>.Build.Dense(2, 2), Vector<double>.Build.Dense(2));

        Assert.Equal(kernel.Values, new InputWeighting(nothing).Apply(kernel).Values);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Compress_ChannelsThatAreAlike_KeepsTheAnswersBetterThanByWeightsAlone(int groups)
    {
        var graph = Network(groups);
        var rows = new AlikeChannels(64);
        var options = All with { Ranks = new Dictionary<string, RankPair> { ["second"] = new(2, 8 / groups) } };
        var input = new AlikeChannels(8).Inputs(0, 8)[0];
        var expected = Run(graph, input);

        var blind = Distance(expected, Run(TuckerCompressor.Compress(graph, options).Graph, input));
        var seeing = Distance(expected, Run(TuckerCompressor.Compress(graph, options with { Calibration = rows }).Graph, input));

        Assert.True(seeing < 0.3 * blind, $"seed {Seed}: {seeing} against {blind}");
    }

    [Fact]
    public void Compress_ConstantInput_IsAnsweredExactlyByTheShift()
    {
        var graph = new Graph("one");
        var x = graph.AddInput("x", ElementType.Float32, new Shape(Dimension.Named("batch"), 6));
        var random = new Random(Seed);
        var weights = Enumerable.Range(0, 48).Select(_ => (float)PlantedMatrix.Gauss(random)).ToArray();
        var w = graph.AddConstant(Tensor.From<float>(weights, 8, 6));
        graph.Outputs.Add(graph.Add("Gemm", new AttributeMap { { "transB", 1L } }, x, w));
        ShapeInference.Run(graph);
        var options = new TuckerOptions
        {
            Ranks = new Dictionary<string, RankPair> { [graph.Nodes[0].Name] = new(null, 2) },
            Calibration = new Same(),
        };
        var input = new Same().Inputs(0, 1)[0];

        var (expected, actual) = (Run(graph, input), Run(TuckerCompressor.Compress(graph, options).Graph, input));

        Assert.True(Distance(expected, actual) < 1e-4, $"seed {Seed}: {Distance(expected, actual)}");
    }

    /// <summary>One row, again and again.</summary>
    private sealed class Same : ILabelledRows
    {
        public int Count => 10;

        public Tensor[] Inputs(int first, int count) =>
            [Tensor.From<float>([.. Enumerable.Range(0, count).SelectMany(_ => (float[])[1, 2, 3, -1, 0, 5])], count, 6)];

        public float Target(int row) => 0;
    }

    private static TuckerOptions All => new() { Pointwise = true, Keep = new HashSet<string> { "first" } };

    private static Graph Network(int groups)
    {
        var random = new Random(Seed);
        var graph = new Graph("two");
        var x = graph.AddInput("x", ElementType.Float32, new Shape(Dimension.Named("batch"), 8, 6, 6));
        Value first = new("first"), second = new("second");
        var identity = new float[64];
        for (var i = 0; i < 8; i++) identity[9 * i] = 1;
        graph.Add(new Node("Conv", [x, graph.AddConstant(Tensor.From<float>(identity, 8, 8, 1, 1))], [first], "first"));
        var weights = Enumerable.Range(0, 8 * (8 / groups) * 9).Select(_ => (float)PlantedMatrix.Gauss(random)).ToArray();
        graph.Add(new Node("Conv", [first, graph.AddConstant(Tensor.From<float>(weights, 8, 8 / groups, 3, 3))], [second], "second")
        {
            Attributes = new() { { "pads", new long[] { 1, 1, 1, 1 } }, { "group", (long)groups } },
        });
        graph.Outputs.Add(second);
        ShapeInference.Run(graph);
        return graph;
    }

    private static float[] Run(Graph graph, Tensor input, string? output = null)
    {
        if (output is not null)
        {
            graph = TuckerCompressor.Prepare(graph);
            graph.Outputs[0] = graph.Nodes.SelectMany(n => n.Outputs).Single(v => v.Name == output);
        }
        using var model = CompiledModel.Compile(graph, new EngineOptions { ForceOnnxRuntime = true });
        using var session = model.CreateSession();
        return session.Run(input)[0].As<float>().ToArray();
    }

    private static double Covariance(float[] x, int i, int j)
    {
        double[] Channel(int c) => [.. Enumerable.Range(0, x.Length / 8).Select(k => (double)x[((((k / 36) * 8) + c) * 36) + (k % 36)])];
        var (a, b) = (Channel(i), Channel(j));
        return a.Zip(b).Average(p => p.First * p.Second) - (a.Average() * b.Average());
    }

    private static double Distance(float[] a, float[] b) =>
        Math.Sqrt(a.Zip(b).Sum(p => (double)(p.First - p.Second) * (p.First - p.Second)));

    /// <summary>Images of eight channels that are mixtures of two.</summary>
    private sealed class AlikeChannels(int count) : ILabelledRows
    {
        public int Count => count;

        public Tensor[] Inputs(int first, int count)
        {
            var random = new Random(Seed + first);
            var mixture = PlantedMatrix.Normal(new Random(Seed), 8, 2);
            var values = new float[count * 8 * 36];
            for (var n = 0; n < count; n++)
                for (var p = 0; p < 36; p++)
                {
                    var (a, b) = (PlantedMatrix.Gauss(random), PlantedMatrix.Gauss(random));
                    for (var c = 0; c < 8; c++)
                        values[(((n * 8) + c) * 36) + p] =
                            (float)((mixture[c, 0] * a) + (mixture[c, 1] * b) + (0.05 * PlantedMatrix.Gauss(random)));
                }
            return [Tensor.From<float>(values, count, 8, 6, 6)];
        }

        public float Target(int row) => 0;
    }
}
