using ServingStack.Graphs.Passes;
using ServingStack.Graphs.Tests.Support;

namespace ServingStack.Graphs.Tests.Passes;

/// <summary>Integers must agree within one step: the island computes in integers what the original rounds through floats.</summary>
public class QuantizedPassTests
{
    private static readonly AttributeMap Same = new() { ["pads"] = new long[] { 1, 1, 1, 1 } };

    [Theory]
    [InlineData(false, 117)]
    [InlineData(true, -9)]
    public void RecognizeQuantized_ConvPerChannelWithBiasAndRelu_IsQConv(bool signed, int zero) => PassAssert.Rewrites(
        () =>
        {
            var b = new GraphBuilder();
            var x = b.Qdq(b.Input("x", "N", 4, 6, 6), 0.02f, zero, signed);
            var y = b.Op("Relu", b.Op("Conv", Same, x, b.QuantizedWeights(5, 4, 3, 3), b.QuantizedBias(5, 0.02f)));
            return b.Output(b.Quantize(y, 0.05f, zero, signed));
        },
        new RecognizeQuantized(),
        signed
            ? """
            %quantizelinear_2: Int8[N, 4, 6, 6] = QuantizeLinear(%x, %constant_0, %constant_1)
            %y: Int8[N, 5, 6, 6] = servingstack.q.QConv(%quantizelinear_2, %quantized_weights_19, %quantized_bias_20) {pads=[1, 1, 1, 1], x_scale=0.02, x_zero_point=-9, w_scale=[0.002, 0.003, 0.004, 0.005, 0.006], y_scale=0.05, y_zero_point=-9, clamp_min=-9}
            """
            : """
            %quantizelinear_2: UInt8[N, 4, 6, 6] = QuantizeLinear(%x, %constant_0, %constant_1)
            %y: UInt8[N, 5, 6, 6] = servingstack.q.QConv(%quantizelinear_2, %quantized_weights_19, %quantized_bias_20) {pads=[1, 1, 1, 1], x_scale=0.02, x_zero_point=117, w_scale=[0.002, 0.003, 0.004, 0.005, 0.006], y_scale=0.05, y_zero_point=117, clamp_min=117}
            """,
        steps: 1);

    [Fact]
    public void RecognizeQuantized_ConvWithoutQuantizer_GivesFloats() => PassAssert.Rewrites(
        () =>
        {
            var b = new GraphBuilder();
            var x = b.Qdq(b.Input("x", "N", 4, 6, 6), 0.02f, 128);
            return b.Output(b.Op("Conv", x, b.QuantizedWeights(5, 4, 3, 3), b.Weights(5)));
        },
        new RecognizeQuantized(),
        """
        %quantizelinear_2: UInt8[N, 4, 6, 6] = QuantizeLinear(%x, %constant_0, %constant_1)
        %y: Float32[N, 5, 4, 4] = servingstack.q.QConv(%quantizelinear_2, %quantized_weights_12, %quantized_bias_13) {x_scale=0.02, x_zero_point=128, w_scale=[0.002, 0.003, 0.004, 0.005, 0.006]}
        """,
        tolerance: 1e-3);

    [Fact]
    public void RecognizeQuantized_FloatWeightsQuantizedInTheGraph_AreFoldedFirst() => PassAssert.Rewrites(
        () =>
        {
            var b = new GraphBuilder();
            var x = b.Qdq(b.Input("x", "N", 4), 0.02f, 128);
            var weights = b.Qdq(b.Weights(6, 4), 0.03f, 0, signed: true);
            return b.Output(b.Quantize(b.Op("Gemm", new AttributeMap { ["transB"] = 1L }, x, weights, b.Weights(6)), 0.1f, 100));
        },
        new Sequence(new FoldConstants(), new RecognizeQuantized()),
        """
        %quantizelinear_2: UInt8[N, 4] = QuantizeLinear(%x, %constant_0, %constant_1)
        %y: UInt8[N, 6] = servingstack.q.QGemm(%quantizelinear_2, %quantized_weights_18, %quantized_bias_19) {transB=1, x_scale=0.02, x_zero_point=128, w_scale=[0.03], y_scale=0.1, y_zero_point=100}
        """,
        steps: 1);

    [Fact]
    public void RecognizeQuantized_MatMulWithBiasAdd_IsQGemm() => PassAssert.Rewrites(
        () =>
        {
            var b = new GraphBuilder();
            var x = b.Qdq(b.Input("x", "N", 7, 4), 0.02f, 3);
            var weights = b.Dequantize(b.Graph.AddConstant(RandomTensors.Of(ElementType.UInt8, [4, 6], new Random(3))), 0.01f, 128);
            return b.Output(b.Quantize(b.Op("Add", b.Op("MatMul", x, weights), b.Weights(6)), 0.1f, 100));
        },
        new RecognizeQuantized(),
        """
        %quantizelinear_2: UInt8[N, 7, 4] = QuantizeLinear(%x, %constant_0, %constant_1)
        %y: UInt8[N, 7, 6] = servingstack.q.QGemm(%quantizelinear_2, %quantized_weights_16, %quantized_bias_17) {x_scale=0.02, x_zero_point=3, w_scale=[0.01], y_scale=0.1, y_zero_point=100}
        """,
        steps: 1);

    [Fact]
    public void RecognizeQuantized_Relu6_ClampsIntegers() => PassAssert.Rewrites(
        () =>
        {
            var b = new GraphBuilder();
            var x = b.Qdq(b.Input("x", "N", 4, 6, 6), 0.02f, 128);
            var y = b.Op("Clip", b.Op("Conv", x, b.QuantizedWeights(5, 4, 3, 3)), b.Float(0), b.Float(1.5f));
            return b.Output(b.Quantize(y, 0.05f, 10));
        },
        new RecognizeQuantized(),
        """
        %quantizelinear_2: UInt8[N, 4, 6, 6] = QuantizeLinear(%x, %constant_0, %constant_1)
        %y: UInt8[N, 5, 4, 4] = servingstack.q.QConv(%quantizelinear_2, %quantized_weights_17) {x_scale=0.02, x_zero_point=128, w_scale=[0.002, 0.003, 0.004, 0.005, 0.006], y_scale=0.05, y_zero_point=10, clamp_min=10, clamp_max=40}
        """,
        steps: 1);

    [Fact]
    public void RecognizeQuantized_OperatorsThatMoveElements_MoveToIntegers() => PassAssert.Rewrites(
        () =>
        {
            var b = new GraphBuilder();
            var x = b.Qdq(b.Input("x", "N", 4, 6, 6), 0.02f, 128);
            x = b.Qdq(b.Op("MaxPool", new AttributeMap { ["kernel_shape"] = new long[] { 2, 2 }, ["strides"] = new long[] { 2, 2 } }, x),
                0.02f, 128);
            x = b.Qdq(b.Op("Relu", x), 0.02f, 128);
            x = b.Op("Pad", x, b.Integers(0, 0, 1, 1, 0, 0, 1, 1));
            x = b.Op("Flatten", b.Op("Transpose", new AttributeMap { ["perm"] = new long[] { 0, 2, 3, 1 } }, x));
            return b.Output(b.Quantize(x, 0.02f, 128));
        },
        new RecognizeQuantized(),
        """
        %quantizelinear_2: UInt8[N, 4, 6, 6] = QuantizeLinear(%x, %constant_0, %constant_1)
        %maxpool_6_quantized_27: UInt8[N, 4, 3, 3] = MaxPool(%quantizelinear_2) {kernel_shape=[2, 2], strides=[2, 2]}
        %relu_13_quantized_31: UInt8[N, 4, 3, 3] = Clip(%maxpool_6_quantized_27, %bound_29, %bound_30)
        %pad_21_quantized_34: UInt8[N, 4, 5, 5] = Pad(%relu_13_quantized_31, %constant_20, %pad_value_33)
        %transpose_22_quantized_36: UInt8[N, 5, 5, 4] = Transpose(%pad_21_quantized_34) {perm=[0, 2, 3, 1]}
        %y: UInt8[N, 100] = Flatten(%transpose_22_quantized_36)
        """);

    [Fact]
    public void RecognizeQuantized_ConcatOfOneScale_StaysConcat() => PassAssert.Rewrites(
        () => Concat(0.02f),
        new RecognizeQuantized(),
        """
        %quantizelinear_2: UInt8[N, 4] = QuantizeLinear(%x, %constant_0, %constant_1)
        %quantizelinear_8: UInt8[N, 3] = QuantizeLinear(%z, %constant_6, %constant_7)
        %y: UInt8[N, 7] = Concat(%quantizelinear_2, %quantizelinear_8) {axis=1}
        """);

    [Fact]
    public void RecognizeQuantized_ConcatOfTwoScales_IsQConcat() => PassAssert.Rewrites(
        () => Concat(0.03f),
        new RecognizeQuantized(),
        """
        %quantizelinear_2: UInt8[N, 4] = QuantizeLinear(%x, %constant_0, %constant_1)
        %quantizelinear_8: UInt8[N, 3] = QuantizeLinear(%z, %constant_6, %constant_7)
        %y: UInt8[N, 7] = servingstack.q.QConcat(%quantizelinear_2, %quantizelinear_8) {axis=1, x_scale=[0.02, 0.03], x_zero_point=[128, 128], y_scale=0.02, y_zero_point=128}
        """);

    [Fact]
    public void RecognizeQuantized_AddMulPoolSigmoid_AreQuantizedOperators() => PassAssert.Rewrites(
        () =>
        {
            var b = new GraphBuilder();
            var (x, z) = (b.Qdq(b.Input("x", "N", 4, 6, 6), 0.02f, 128), b.Qdq(b.Input("z", "N", 4, 6, 6), 0.03f, 5));
            var sum = b.Qdq(b.Op("Relu", b.Op("Add", x, z)), 0.04f, 0);
            var product = b.Qdq(b.Op("Mul", sum, x), 0.05f, 100);
            var pooled = b.Qdq(b.Op("GlobalAveragePool", product), 0.01f, 128);
            return b.Output(b.Quantize(b.Op("Sigmoid", pooled), 1 / 256f, 0));
        },
        new RecognizeQuantized(),
        """
        %quantizelinear_2: UInt8[N, 4, 6, 6] = QuantizeLinear(%x, %constant_0, %constant_1)
        %quantizelinear_8: UInt8[N, 4, 6, 6] = QuantizeLinear(%z, %constant_6, %constant_7)
        %quantizelinear_16: UInt8[N, 4, 6, 6] = servingstack.q.QAdd(%quantizelinear_2, %quantizelinear_8) {a_scale=0.02, a_zero_point=128, b_scale=0.03, b_zero_point=5, y_scale=0.04, y_zero_point=0}
        %quantizelinear_23: UInt8[N, 4, 6, 6] = servingstack.q.QMul(%quantizelinear_16, %quantizelinear_2) {a_scale=0.04, a_zero_point=0, b_scale=0.02, b_zero_point=128, y_scale=0.05, y_zero_point=100}
        %quantizelinear_30: UInt8[N, 4, 1, 1] = servingstack.q.QGlobalAveragePool(%quantizelinear_23) {x_scale=0.05, x_zero_point=100, y_scale=0.01, y_zero_point=128}
        %y: UInt8[N, 4, 1, 1] = servingstack.q.QSigmoid(%quantizelinear_30) {x_scale=0.01, x_zero_point=128, y_scale=0.00390625, y_zero_point=0}
        """,
        steps: 1);

    [Fact]
    public void RecognizeQuantized_TableOfEmbeddings_IsGatheredAsBytes() => PassAssert.Rewrites(
        () =>
        {
            var b = new GraphBuilder();
            var ids = b.Graph.AddInput("ids", ElementType.Int64, new Shape(Dimension.Named("N")));
            var table = b.Graph.AddConstant(RandomTensors.Of(ElementType.Int8, [10, 8], new Random(4)));
            return b.Output(b.Op("Gather", b.Dequantize(table, 0.01f, 3, signed: true), ids));
        },
        new RecognizeQuantized(),
        """
        %y_quantized_5: Int8[N, 8] = Gather(%constant_0, %ids)
        %y: Float32[N, 8] = DequantizeLinear(%y_quantized_5, %constant_1, %constant_2)
        """);

    [Fact]
    public void RecognizeQuantized_WeightsThatAreNotConstant_AreLeft() => PassAssert.Keeps(
        () =>
        {
            var b = new GraphBuilder();
            var (x, w) = (b.Qdq(b.Input("x", "N", 4), 0.02f, 128), b.Qdq(b.Input("w", 4, 6), 0.02f, 128));
            return b.Output(b.Quantize(b.Op("MatMul", x, w), 0.1f, 128));
        },
        new RecognizeQuantized());

    [Fact]
    public void RecognizeQuantized_ValueReadAsFloatToo_KeepsTheFloats()
    {
        var graph = PassAssert.Rewrites(
            () =>
            {
                var b = new GraphBuilder();
                var x = b.Qdq(b.Input("x", "N", 4, 6, 6), 0.02f, 128);
                var y = b.Op("Conv", x, b.QuantizedWeights(5, 4, 3, 3));
                return b.Output(b.Op("Exp", y), b.Quantize(y, 0.1f, 128));
            },
            new RecognizeQuantized(),
            """
            %quantizelinear_2: UInt8[N, 4, 6, 6] = QuantizeLinear(%x, %constant_0, %constant_1)
            %conv_10: Float32[N, 5, 4, 4] = servingstack.q.QConv(%quantizelinear_2, %quantized_weights_15) {x_scale=0.02, x_zero_point=128, w_scale=[0.002, 0.003, 0.004, 0.005, 0.006]}
            %y0: Float32[N, 5, 4, 4] = Exp(%conv_10)
            %y1: UInt8[N, 5, 4, 4] = QuantizeLinear(%conv_10, %constant_12, %constant_13)
            """,
            tolerance: 1e-3, steps: 1);
        Assert.Equal(ElementType.Float32, graph.Nodes.Single(n => n.OpType == "QConv").Outputs[0].ElementType);
    }

    [Fact]
    public void RecognizeQuantized_QLinearConv_IsQConv() => PassAssert.Rewrites(
        () =>
        {
            var b = new GraphBuilder();
            var x = b.Quantize(b.Input("x", "N", 4, 6, 6), 0.02f, 128);
            var weights = b.Graph.AddConstant(RandomTensors.Of(ElementType.Int8, [5, 4, 3, 3], new Random(5)));
            var bias = b.Graph.AddConstant(Tensor.From<int>([10, -20, 30, -40, 500], 5));
            var (u8, s8) = (b.Graph.AddConstant(Tensor.Scalar((byte)128)), b.Graph.AddConstant(Tensor.Scalar((sbyte)0)));
            return b.Output(b.Op("QLinearConv", x, b.Float(0.02f), u8, weights, b.Float(0.01f), s8, b.Float(0.1f), u8, bias));
        },
        new RecognizeQuantized(),
        """
        %quantizelinear_2: UInt8[N, 4, 6, 6] = QuantizeLinear(%x, %constant_0, %constant_1)
        %y: UInt8[N, 5, 4, 4] = servingstack.q.QConv(%quantizelinear_2, %quantized_weights_11, %quantized_bias_12) {x_scale=0.02, x_zero_point=128, w_scale=[0.01], y_scale=0.1, y_zero_point=128}
        """,
        steps: 1);

    [Fact]
    public void RecognizeQuantized_NormalizationBetweenIntegers_IsQAffine() => PassAssert.Rewrites(
        () =>
        {
            var b = new GraphBuilder();
            var x = b.Qdq(b.Input("x", "N", 3, 4, 4), 0.02f, 128);
            var sum = b.Op("Add", b.Op("Mul", x, b.Weights(3, 1, 1)), b.Weights(3, 1, 1));
            return b.Output(b.Quantize(b.Op("Relu", sum), 0.03f, 5));
        },
        new RecognizeQuantized(),
        """
        %quantizelinear_2: UInt8[N, 3, 4, 4] = QuantizeLinear(%x, %constant_0, %constant_1)
        %y: UInt8[N, 3, 4, 4] = servingstack.q.QAffine(%quantizelinear_2, %factors_14, %shifts_15) {x_scale=0.02, x_zero_point=128, y_scale=0.03, y_zero_point=5, clamp_min=5}
        """,
        steps: 1);

    [Fact]
    public void FuseConcatAffine_ConcatOfConcat_IsReadInParts() => PassAssert.Rewrites(
        () =>
        {
            var b = new GraphBuilder();
            AttributeMap Channels() => new() { ["axis"] = 1L };
            Value Input(string name, int channels) => b.Qdq(b.Input(name, "N", channels, 4, 4), 0.02f, 128);
            var joined = b.Qdq(b.Op("Concat", Channels(), b.Qdq(b.Op("Concat", Channels(), Input("x", 3), Input("z", 2)), 0.02f, 128),
                Input("w", 4)), 0.02f, 128);
            return b.Output(b.Quantize(b.Op("Add", b.Op("Mul", joined, b.Weights(9, 1, 1)), b.Weights(9, 1, 1)), 0.03f, 5));
        },
        new Sequence(new RecognizeQuantized(), new FuseConcatAffine()),
        """
        %quantizelinear_2: UInt8[N, 3, 4, 4] = QuantizeLinear(%x, %constant_0, %constant_1)
        %quantizelinear_8: UInt8[N, 2, 4, 4] = QuantizeLinear(%z, %constant_6, %constant_7)
        %quantizelinear_21: UInt8[N, 4, 4, 4] = QuantizeLinear(%w, %constant_19, %constant_20)
        %y: UInt8[N, 9, 4, 4] = servingstack.q.QAffine(%quantizelinear_2, %factors_43, %shifts_44, %quantizelinear_8, %quantizelinear_21) {x_scale=0.02, x_zero_point=128, y_scale=0.03, y_zero_point=5}
        """,
        steps: 1);

    [Theory]
    [InlineData(0.04f, "0.04")]
    [InlineData(0.2f, "0.2")]
    public void FuseQuantizedResidual_AddOfConvolution_IsItsResidual(float intermediateScale, string printed) => PassAssert.Rewrites(
        () => Residual(intermediateScale),
        new Sequence(new RecognizeQuantized(), new FuseQuantizedResidual()),
        $$"""
        %quantizelinear_2: UInt8[N, 4, 6, 6] = QuantizeLinear(%x, %constant_0, %constant_1)
        %y: UInt8[N, 4, 6, 6] = servingstack.q.QConv(%quantizelinear_2, %quantized_weights_26, %quantized_bias_27, %quantizelinear_2) {pads=[1, 1, 1, 1], x_scale=0.02, x_zero_point=128, w_scale=[0.002, 0.003, 0.004, 0.005], y_scale=0.05, y_zero_point=0, s_scale={{printed}}, s_zero_point=120, s_signed=0, r_scale=0.02, r_zero_point=128}
        """);

    [Fact]
    public void FoldDequantizedConstants_TableReadAsFloats_IsDequantized() => PassAssert.Rewrites(
        () =>
        {
            var b = new GraphBuilder();
            return b.Output(b.Op("Conv", b.Input("x", "N", 4, 3, 3), b.QuantizedWeights(3, 4, 3, 3)));
        },
        new FoldDequantizedConstants(),
        """
        %y: Float32[N, 3, 1, 1] = Conv(%x, %dequantizelinear_3)
        """);

    private static Graph Concat(float secondScale)
    {
        var b = new GraphBuilder();
        var (x, z) = (b.Qdq(b.Input("x", "N", 4), 0.02f, 128), b.Qdq(b.Input("z", "N", 3), secondScale, 128));
        return b.Output(b.Quantize(b.Op("Concat", new AttributeMap { ["axis"] = 1L }, x, z), 0.02f, 128));
    }

    private static Graph Residual(float intermediateScale)
    {
        var b = new GraphBuilder();
        var x = b.Qdq(b.Input("x", "N", 4, 6, 6), 0.02f, 128);
        var y = b.Qdq(b.Op("Conv", Same, x, b.QuantizedWeights(4, 4, 3, 3), b.QuantizedBias(4, 0.02f)), intermediateScale, 120);
        return b.Output(b.Quantize(b.Op("Relu", b.Op("Add", y, x)), 0.05f, 0));
    }

    /// <summary>Passes that rely on each other, as one.</summary>
    private sealed class Sequence(params IPass[] passes) : IPass
    {
        public string Name => string.Join(", ", passes.Select(p => p.Name));

        public bool Apply(Graph graph)
        {
            var changed = false;
            foreach (var pass in passes)
                if (pass.Apply(graph))
                {
                    changed = true;
                    ShapeInference.Run(graph);
                }
            return changed;
        }
    }
}
