using ServingStack.Compression.Evaluation;
using ServingStack.Compression.Quantization;
using ServingStack.Engine;
using ServingStack.Graphs;
using ServingStack.Zoo;

namespace ServingStack.Compression.Tests.Networks;

/// <summary>
/// The zoo's networks on our kernels, as they are and quantized: no step falls back, and one image's answer is ONNX Runtime's. Those that
/// only repeat the operators of another at many times its size are left out.
/// </summary>
public sealed class ZooNetworkTests
{
    private const int Seed = 11;

    /// <summary>Of numbers in floats, relative to the largest.</summary>
    private const double FloatLimit = 1e-3;

    /// <summary>The share of outputs in eight bits that are within a step, which is the outputs' range in 255 parts.</summary>
    private const double StepLimit = 0.999;

    [Theory]
    [InlineData("resnet50")]
    [InlineData("googlenet")]
    [InlineData("inception_v3")]
    [InlineData("densenet121")]
    [InlineData("mobilenet_v2")]
    [InlineData("shufflenet")]
    [InlineData("shufflenet_g3")]
    public void Network_OnOurKernels_AnswersAsOnnxRuntime(string name)
    {
        var graph = NetworkCatalog.Find(name).Create(Seed);
        var image = new Noise(graph.Inputs[0].Shape!);
        var quantized = Int8Quantizer.Quantize(graph, image, new Int8Options { CalibrationRows = 1 }).Graph;

        var (expected, actual) = Answers(graph, image);
        var greatest = expected.Max(Math.Abs);
        Assert.All(expected.Zip(actual), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, FloatLimit * greatest));

        (expected, actual) = Answers(quantized, image);
        var step = (expected.Max() - expected.Min()) / 255;
        var within = expected.Zip(actual).Count(pair => Math.Abs(pair.First - pair.Second) <= step);
        Assert.True(within >= StepLimit * expected.Length, $"{within} of {expected.Length} outputs are within a step (seed {Seed})");
    }

    private static (float[] Expected, float[] Actual) Answers(Graph graph, ILabelledRows image)
    {
        using var ours = CompiledModel.Compile(graph, new EngineOptions());
        using var theirs = CompiledModel.Compile(graph, new EngineOptions { ForceOnnxRuntime = true });
        using var session = ours.CreateSession();
        using var reference = theirs.CreateSession();
        var plan = session.PlanForBatch(1);
        Assert.True(ours.Platform == CompiledModel.KernelsPlatform && plan.FallbackSteps == 0, plan.Dump());
        var input = image.Inputs(0, 1);
        return (reference.Run(input)[0].As<float>().ToArray(), session.Run(input)[0].As<float>().ToArray());
    }

    private sealed class Noise(Shape input) : ILabelledRows
    {
        public int Count => 1;

        public Tensor[] Inputs(int first, int count)
        {
            long[] shape = [count, .. input.Skip(1).Select(d => d.Value)];
            var values = new float[shape.Aggregate(1L, (product, extent) => product * extent)];
            var random = new Random(Seed);
            for (var i = 0; i < values.Length; i++) values[i] = (random.NextSingle() * 2) - 1;
            return [Tensor.From<float>(values, shape)];
        }

        public float Target(int row) => 0;
    }
}
