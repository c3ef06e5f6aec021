using ServingStack.Graphs.Passes;
using ServingStack.Graphs.Tests.Support;

namespace ServingStack.Graphs.Tests.Passes;

public class PortablePassTests
{
    [Fact]
    public void FoldConstants_ShapeOfFixedInput_BecomesReshapeTarget() => PassAssert.Rewrites(
        () =>
        {
            var b = new GraphBuilder();
            var x = b.Input("x", 2, 3, 4);
            var rows = b.Op("Gather", b.Op("Shape", x), b.Integers(0));
            return b.Output(b.Op("Reshape", x, b.Op("Concat", new AttributeMap { ["axis"] = 0L }, rows, b.Integers(-1))));
        },
        new FoldConstants(),
        """
        %y: Float32[2, 12] = Reshape(%x, %concat_4)
        """);

    [Fact]
    public void FoldConstants_HugeConstantOfShape_IsLeft() => PassAssert.Keeps(
        () =>
        {
            var b = new GraphBuilder();
            return b.Output(b.Op("ConstantOfShape", b.Integers(4096, 4096)));
        },
        new FoldConstants());

    [Fact]
    public void FoldConstants_QuantizedWeights_StayQuantized() => PassAssert.Keeps(
        () =>
        {
            var b = new GraphBuilder();
            return b.Output(b.Op("Conv", b.Input("x", "N", 4, 5, 5), b.QuantizedWeights(3, 4, 3, 3)));
        },
        new FoldConstants());

    [Fact]
    public void FoldReshapeTargets_SymbolicBatch_BecomesMinusOne() => PassAssert.Rewrites(
        () =>
        {
            var b = new GraphBuilder();
            var x = b.Input("x", "N", 3, 4);
            var rows = b.Op("Unsqueeze", b.Op("Gather", b.Op("Shape", x), b.Graph.AddConstant(Tensor.Scalar(0L))), b.Integers(0));
            return b.Output(b.Op("Reshape", x, b.Op("Concat", new AttributeMap { ["axis"] = 0L }, rows, b.Integers(-1))));
        },
        new FoldReshapeTargets(),
        """
        %y: Float32[N, 12] = Reshape(%x, %target_8)
        """);

    [Fact]
    public void FuseAffine_MulAddRelu_IsOneNode() => PassAssert.Rewrites(
        () => Affine([3, 1, 1]),
        new FuseAffine(),
        """
        %add_3: Float32[N, 3, 4, 4] = servingstack.f.FusedAffine(%x, %factors_5, %shifts_6)
        %y: Float32[N, 3, 4, 4] = Relu(%add_3)
        """);

    [Fact]
    public void FuseAffine_OneNumberAColumn_IsLeft() => PassAssert.Keeps(() => Affine([4]), new FuseAffine());

    private static Graph Affine(long[] factors)
    {
        var b = new GraphBuilder();
        var product = b.Op("Mul", b.Input("x", "N", 3, 4, 4), b.Weights(factors));
        return b.Output(b.Op("Relu", b.Op("Add", b.Weights(1, 3, 1, 1), product)));
    }

    [Fact]
    public void FuseChannelShuffle_ReshapeTransposeReshape_IsOneNode() => PassAssert.Rewrites(
        () => Shuffle(0, 2, 1, 3, 4),
        new FuseChannelShuffle(),
        """
        %y: Float32[N, 6, 3, 4] = servingstack.f.ChannelShuffle(%x) {groups=2}
        """);

    [Fact]
    public void FuseChannelShuffle_OtherAxes_AreLeft() => PassAssert.Keeps(() => Shuffle(0, 1, 2, 4, 3), new FuseChannelShuffle());

    private static Graph Shuffle(params long[] axes)
    {
        var b = new GraphBuilder();
        var split = b.Op("Reshape", b.Input("x", "N", 6, 3, 4), b.Integers(0, 2, 3, 3, 4));
        return b.Output(b.Op("Reshape", b.Op("Transpose", new AttributeMap { ["perm"] = axes }, split), b.Integers(0, 6, 3, 4)));
    }

    [Fact]
    public void EliminateIdentities_ChainOfNoOps_IsOneRelu() => PassAssert.Rewrites(
        () =>
        {
            var b = new GraphBuilder();
            var x = b.Op("Identity", b.Input("x", "N", 3, 4));
            x = b.Op("Cast", new AttributeMap { ["to"] = 1L }, b.Op("Dropout", x));
            x = b.Op("Reshape", x, b.Integers(0, 3, 4));
            x = b.Op("Pad", x, b.Integers(0, 0, 0, 0, 0, 0));
            x = b.Op("Transpose", new AttributeMap { ["perm"] = new long[] { 0, 2, 1 } }, x);
            x = b.Op("Transpose", new AttributeMap { ["perm"] = new long[] { 0, 2, 1 } }, x);
            return b.Output(b.Op("Concat", new AttributeMap { ["axis"] = 1L }, b.Op("Relu", x)));
        },
        new EliminateIdentities(),
        """
        %y: Float32[N, 3, 4] = Relu(%x)
        """);

    [Fact]
    public void EliminateIdentities_InputStraightToOutput_StaysSoThatNamesStay() => PassAssert.Keeps(
        () =>
        {
            var b = new GraphBuilder();
            return b.Output(b.Op("Identity", b.Input("x", "N", 3)));
        },
        new EliminateIdentities());

    [Fact]
    public void EliminateIdentities_ReshapeThatMovesElements_Stays() => PassAssert.Keeps(
        () =>
        {
            var b = new GraphBuilder();
            return b.Output(b.Op("Relu", b.Op("Reshape", b.Input("x", "N", 3, 4), b.Integers(0, 4, 3))));
        },
        new EliminateIdentities());

    [Theory]
    [InlineData("Conv")]
    [InlineData("ConvTranspose")]
    public void FoldBatchNormalization_AfterConvolution_GoesIntoItsWeights(string opType) => PassAssert.Rewrites(
        () =>
        {
            var b = new GraphBuilder();
            var weights = opType == "Conv" ? b.Weights(6, 4, 3, 3) : b.Weights(4, 6, 3, 3);
            var x = b.Op(opType, b.Input("x", "N", 4, 7, 7), weights);
            return b.Output(b.Op("BatchNormalization", x, b.Weights(6), b.Weights(6), b.Weights(6), b.Positive(6)));
        },
        new FoldBatchNormalization(),
        $"%y: Float32[N, 6, {(opType == "Conv" ? "5, 5" : "9, 9")}] = {opType}(%x, %folded_weights_7, %folded_bias_8)");

    [Fact]
    public void FoldBatchNormalization_AfterGemmWithBias_GoesIntoItsWeights() => PassAssert.Rewrites(
        () =>
        {
            var b = new GraphBuilder();
            var x = b.Op("Gemm", new AttributeMap { ["transB"] = 1L }, b.Input("x", "N", 4), b.Weights(6, 4), b.Weights(6));
            return b.Output(b.Op("BatchNormalization", x, b.Weights(6), b.Weights(6), b.Weights(6), b.Positive(6)));
        },
        new FoldBatchNormalization(),
        """
        %y: Float32[N, 6] = Gemm(%x, %folded_weights_8, %folded_bias_9) {transB=1}
        """);

    [Fact]
    public void FoldBatchNormalization_WithoutLayer_BecomesMulAndAdd() => PassAssert.Rewrites(
        () =>
        {
            var b = new GraphBuilder();
            return b.Output(b.Op("BatchNormalization", b.Input("x", "N", 4, 2, 2), b.Weights(4), b.Weights(4), b.Weights(4),
                b.Positive(4)));
        },
        new FoldBatchNormalization(),
        """
        %scaled_5: Float32[N, 4, 2, 2] = Mul(%x, %affine_6)
        %y: Float32[N, 4, 2, 2] = Add(%scaled_5, %affine_8)
        """);

    [Fact]
    public void FoldBatchNormalization_ConvolutionReadTwice_KeepsItsWeights()
    {
        var graph = PassAssert.Rewrites(
            () =>
            {
                var b = new GraphBuilder();
                var x = b.Op("Conv", b.Input("x", "N", 4, 3, 3), b.Weights(4, 4, 3, 3));
                var y = b.Op("BatchNormalization", x, b.Weights(4), b.Weights(4), b.Weights(4), b.Positive(4));
                return b.Output(b.Op("Add", x, y));
            },
            new FoldBatchNormalization(),
            """
            %conv_1: Float32[N, 4, 1, 1] = Conv(%x, %constant_0)
            %scaled_8: Float32[N, 4, 1, 1] = Mul(%conv_1, %affine_9)
            %batchnormalization_6: Float32[N, 4, 1, 1] = Add(%scaled_8, %affine_11)
            %y: Float32[N, 4, 1, 1] = Add(%conv_1, %batchnormalization_6)
            """);
        Assert.Equal("constant_0", graph.Nodes[0].Inputs[1]!.Name);
    }

    [Fact]
    public void FoldMatMulBias_MatrixAndRow_BecomeGemm() => PassAssert.Rewrites(
        () =>
        {
            var b = new GraphBuilder();
            return b.Output(b.Op("Add", b.Weights(6), b.Op("MatMul", b.Input("x", "N", 4), b.Weights(4, 6))));
        },
        new FoldMatMulBias(),
        """
        %y: Float32[N, 6] = Gemm(%x, %constant_1, %constant_0)
        """);

    [Fact]
    public void FuseActivations_ResidualBlock_IsOneConvolution() => PassAssert.Rewrites(
        () =>
        {
            var b = new GraphBuilder();
            var x = b.Input("x", "N", 4, 5, 5);
            var pads = new AttributeMap { ["pads"] = new long[] { 1, 1, 1, 1 } };
            var inner = b.Op("Relu", b.Op("Conv", pads, x, b.Weights(4, 4, 3, 3), b.Weights(4)));
            return b.Output(b.Op("Relu", b.Op("Add", x, b.Op("Conv", pads, inner, b.Weights(4, 4, 3, 3)))));
        },
        new FuseActivations(),
        """
        %relu_3: Float32[N, 4, 5, 5] = servingstack.f.FusedConv(%x, %constant_0, %constant_1) {pads=[1, 1, 1, 1], activation_min=0, activation_max=Infinity}
        %y: Float32[N, 4, 5, 5] = servingstack.f.FusedConv(%relu_3, %constant_4, _, %x) {pads=[1, 1, 1, 1], activation_min=0, activation_max=Infinity}
        """);

    [Fact]
    public void FuseActivations_Clip_KeepsItsBounds() => PassAssert.Rewrites(
        () =>
        {
            var b = new GraphBuilder();
            var x = b.Op("Clip", b.Op("Gemm", b.Input("x", "N", 4), b.Weights(4, 6), b.Weights(6)), b.Float(0), b.Float(6));
            return b.Output(b.Op("Clip", b.Op("Add", x, x), null, b.Float(1)));
        },
        new FuseActivations(),
        """
        %clip_5: Float32[N, 6] = servingstack.f.FusedGemm(%x, %constant_0, %constant_1) {activation_min=0, activation_max=6}
        %y: Float32[N, 6] = servingstack.f.FusedAdd(%clip_5, %clip_5) {activation_min=-Infinity, activation_max=1}
        """);

    [Fact]
    public void FuseActivations_ConvolutionReadTwice_IsLeft() => PassAssert.Keeps(
        () =>
        {
            var b = new GraphBuilder();
            var x = b.Op("Conv", b.Input("x", "N", 4, 3, 3), b.Weights(4, 4, 3, 3));
            return b.Output(b.Op("Mul", x, b.Op("Relu", x)));
        },
        new FuseActivations());

    [Fact]
    public void FuseActivations_BroadcastAdd_IsNoResidual() => PassAssert.Keeps(
        () =>
        {
            var b = new GraphBuilder();
            var x = b.Op("Conv", b.Input("x", "N", 4, 3, 3), b.Weights(4, 4, 3, 3));
            return b.Output(b.Op("Add", x, b.Input("z", 1, 4, 1, 1)));
        },
        new FuseActivations());

    [Fact]
    public void EliminateDeadNodes_UnreadBranch_IsDropped() => PassAssert.Rewrites(
        () =>
        {
            var b = new GraphBuilder();
            var x = b.Input("x", "N", 3);
            b.Op("Exp", b.Op("Neg", x));
            return b.Output(b.Op("Relu", x));
        },
        new EliminateDeadNodes(),
        """
        %y: Float32[N, 3] = Relu(%x)
        """);
}
