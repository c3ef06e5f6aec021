using ServingStack.Engine.Tests.Support;
using ServingStack.Graphs;
using ServingStack.Kernels.Machine;

namespace ServingStack.Engine.Tests.Lowering;

/// <summary>Which convolutions are lowered to one kernel, and that the answer stays ONNX Runtime's.</summary>
public class TuckerBlocksTests
{
    private const int Channels = 64;

    // What lies between the convolutions is as large as the second-level cache.
    private static readonly int Size = (int)Math.Sqrt(MachineFeatures.Current.Caches.L2 / (2.0 * Channels * sizeof(float))) + 1;

    private static bool HasEmittedRow => MachineFeatures.Current.InstructionSet >= InstructionSet.Avx512Bw;

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(1, true)]
    public void Chain_OfThree_RunsAsOneKernel(int stride, bool activated)
    {
        var dump = Oracle.AssertEqual(Chain(stride, activated, keepsMiddle: false), Input());
        Assert.Equal(HasEmittedRow, dump.Contains("tucker_fp32", StringComparison.Ordinal));
        Assert.Equal(HasEmittedRow, dump.Contains("TuckerBlock", StringComparison.Ordinal));
    }

    [Fact]
    public void Chain_WhoseMiddleIsReadByOthers_StaysThreeKernels() => Assert.DoesNotContain(
        "TuckerBlock", Oracle.AssertEqual(Chain(stride: 1, activated: false, keepsMiddle: true), Input()), StringComparison.Ordinal);

    [Fact]
    public void Chain_OfIntegers_RunsAsOneKernelWhereMatrixInstructionsAreNotAllowed()
    {
        if (MachineFeatures.Current.InstructionSet < InstructionSet.Avx512Vnni) return;
        var layers = new LayerBuilder(new Random(3), quantized: true);
        var x = layers.Graph.AddInput("x", ElementType.Float32, Shape.Of(1, Channels, 2 * Size, 2 * Size));
        var y = layers.Quantized(x);
        y = layers.Convolution(y, Channels, Channels, kernel: 1, stride: 1);
        y = layers.Convolution(y, Channels, Channels, kernel: 3, stride: 1);
        layers.Graph.Outputs.Add(layers.Convolution(y, Channels, Channels, kernel: 1, stride: 1));
        var dump = Oracle.AssertEqual(
            layers.Graph, [Tensors.Random(new Random(4), ElementType.Float32, 1, Channels, 2 * Size, 2 * Size)], tolerance: 0.02f,
            options: new EngineOptions { Isa = InstructionSet.Avx512Vnni });
        Assert.Contains("tucker_int8", dump, StringComparison.Ordinal);
    }

    private static Tensor[] Input() => [Tensors.Random(new Random(2), ElementType.Float32, 2, Channels, Size, Size)];

    private static Graph Chain(int stride, bool activated, bool keepsMiddle)
    {
        var layers = new LayerBuilder(new Random(1), quantized: false);
        var graph = layers.Graph;
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(2, Channels, Size, Size));
        var reduced = layers.Convolution(x, Channels, Channels, kernel: 1, stride: 1);
        var core = layers.Convolution(activated ? layers.Activated(reduced) : reduced, Channels, 2 * Channels, kernel: 3, stride);
        graph.Outputs.Add(layers.Convolution(core, 2 * Channels, Channels, kernel: 1, stride: 1));
        if (keepsMiddle) graph.Outputs.Add(layers.Activated(core));
        return graph;
    }
}
