using ServingStack.Engine.Tests.Support;
using ServingStack.Graphs;

namespace ServingStack.Engine.Tests.Lowering;

/// <summary>MatMulNBits on our kernels where the model allows activations of eight bits, on ONNX Runtime where it does not.</summary>
public class LowBitGemmTests
{
    // ONNX Runtime quantizes activations block by block, we row by row: both err by a few 127ths of an activation, averaged over the depth.
    private const float EightBitTolerance = 0.02f;

    [Theory]
    [InlineData(32, false)]
    [InlineData(32, true)]
    [InlineData(64, true)]
    [InlineData(128, false)]
    public void MatMulNBits_AtLevel4_AgreesWithOnnxRuntime(int block, bool zeroPoints)
    {
        foreach (var rows in new[] { 1, 5, 40 })
        {
            var graph = Product(block, zeroPoints, accuracyLevel: 4, depth: 7 * 128, columns: 50);
            var dump = Oracle.AssertEqual(graph, [Tensors.Floats(new Random(rows), rows, 7 * 128)], tolerance: EightBitTolerance);
            Assert.Contains("lowbit_", dump, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void MatMulNBits_WithACutLastBlockAndLeadingAxes_AgreesWithOnnxRuntime()
    {
        var graph = Product(block: 32, zeroPoints: true, accuracyLevel: 4, depth: 200, columns: 33, 2, 3);
        Oracle.AssertEqual(graph, [Tensors.Floats(new Random(5), 2, 3, 200)], tolerance: EightBitTolerance);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void MatMulNBits_ThatWantsFloatActivations_RunsOnOnnxRuntimeAndSaysWhy(int accuracyLevel)
    {
        var graph = Product(block: 32, zeroPoints: false, accuracyLevel, depth: 64, columns: 16);
        // A step of ours beside it, or the whole model would go to ONNX Runtime.
        var relu = graph.Add("Relu", graph.Outputs[0]);
        (relu.ElementType, relu.Shape) = (ElementType.Float32, graph.Outputs[0].Shape);
        graph.Outputs[0] = relu;
        var dump = Oracle.AssertEqual(graph, [Tensors.Floats(new Random(6), 3, 64)], expectFallback: true);
        Assert.Contains($"its accuracy level is {accuracyLevel}", dump, StringComparison.Ordinal);
    }

    private static Graph Product(int block, bool zeroPoints, int accuracyLevel, int depth, int columns, params long[] leading)
    {
        var random = new Random((block * 1000) + columns);
        var blocks = (depth + block - 1) / block;
        var graph = new Graph("product");
        graph.Opsets[Domains.Microsoft] = 1;
        Shape Ending(long last) => leading.Length > 0 ? Shape.Of([.. leading, last]) : new Shape(Dimension.Named("batch"), last);
        var a = graph.AddInput("a", ElementType.Float32, Ending(depth));
        var scales = Enumerable.Range(0, columns * blocks).Select(_ => (random.NextSingle() + 0.5f) / 50).ToArray();
        Value?[] inputs =
        [
            a,
            graph.AddConstant(Tensors.Random(random, ElementType.UInt8, columns, blocks, block / 2)),
            graph.AddConstant(Tensor.From<float>(scales, scales.Length)),
            zeroPoints ? graph.AddConstant(Tensors.Random(random, ElementType.UInt8, columns * ((blocks + 1) / 2))) : null,
        ];
        var c = new Value("c") { ElementType = ElementType.Float32, Shape = Ending(columns) };
        graph.Add(new Node("MatMulNBits", zeroPoints ? inputs : inputs[..3], [c], "product", Domains.Microsoft)
        {
            Attributes = new AttributeMap
            {
                { "K", (long)depth }, { "N", (long)columns }, { "bits", 4L }, { "block_size", (long)block },
                { "accuracy_level", (long)accuracyLevel },
            },
        });
        graph.Outputs.Add(c);
        return graph;
    }
}
