using ServingStack.Graphs.Passes;
using ServingStack.Graphs.Tests.Support;

namespace ServingStack.Graphs.Tests.Passes;

public class EmbeddingPassTests
{
    private const int Rows = 40;
    private const int Width = 6;

    [Fact]
    public void FuseEmbeddingBags_SumOfRows_IsOneNode() => PassAssert.Rewrites(
        () => Pooled("ReduceSum", keepdims: 0, axis: 1),
        new FuseEmbeddingBags(),
        """
        %y: Float32[N, 6] = servingstack.f.EmbeddingBag(%constant_0, %ids) {pooling="sum", keepdims=0}
        """);

    [Fact]
    public void FuseEmbeddingBags_MeanThatKeepsItsAxis_IsOneNode() => PassAssert.Rewrites(
        () => Pooled("ReduceMean", keepdims: 1, axis: -2),
        new FuseEmbeddingBags(),
        """
        %y: Float32[N, 1, 6] = servingstack.f.EmbeddingBag(%constant_0, %ids) {pooling="mean", keepdims=1}
        """);

    [Fact]
    public void FuseEmbeddingBags_BytesWithAScaleARow_StayBytes() => PassAssert.Rewrites(
        () =>
        {
            var b = new GraphBuilder();
            return b.Output(b.Op("Gather", b.QuantizedWeights(Rows, Width), Ids(b)));
        },
        new FuseEmbeddingBags(),
        """
        %y: Float32[N, 5, 6] = servingstack.f.EmbeddingBag(%constant_1, %ids, %constant_2, %constant_0) {pooling="none"}
        """);

    [Fact]
    public void FuseEmbeddingBags_BytesDequantizedBehindTheirLookup_StayBytes() => PassAssert.Rewrites(
        () =>
        {
            var b = new GraphBuilder();
            var table = b.Graph.AddConstant(RandomTensors.Of(ElementType.UInt8, [Rows, Width], new Random(5)));
            var rows = b.Dequantize(b.Op("Gather", table, Ids(b)), 0.03f, 100);
            return b.Output(b.Op("ReduceSum", new AttributeMap { ["keepdims"] = 0L }, rows, b.Integers(1)));
        },
        new FuseEmbeddingBags(),
        """
        %y: Float32[N, 6] = servingstack.f.EmbeddingBag(%constant_0, %ids, %constant_2, %constant_3) {pooling="sum", keepdims=0}
        """);

    [Theory]
    [InlineData("ReduceSum", 0)]
    [InlineData("ReduceSum", 2)]
    [InlineData("ReduceMax", 1)]
    public void FuseEmbeddingBags_OtherReductions_AreLeft(string opType, int axis) =>
        PassAssert.Keeps(() => Pooled(opType, keepdims: 0, axis), new FuseEmbeddingBags());

    private static Graph Pooled(string opType, long keepdims, long axis)
    {
        var b = new GraphBuilder();
        var rows = b.Op("Gather", b.Weights(Rows, Width), Ids(b));
        return b.Output(b.Op(opType, new AttributeMap { ["keepdims"] = keepdims }, rows, b.Integers(axis)));
    }

    private static Value Ids(GraphBuilder b) => b.Graph.AddInput("ids", ElementType.Int64, new Shape(Dimension.Named("N"), 5));
}
