using ServingStack.Engine.Tests.Support;
using ServingStack.Graphs;

namespace ServingStack.Engine.Tests.Lowering;

/// <summary>
/// Each operator between two convolutions, where its input lies channels last, gives what ONNX Runtime gives: axes, broadcasting and
/// reshapes mean ONNX's order whatever the order in memory.
/// </summary>
public class LayoutTests
{
    private const int Channels = 6;

    private static readonly Dictionary<string, Func<Builder, Value, Value>> Operators = new()
    {
        ["Relu"] = (b, x) => b.Graph.Add("Relu", x),
        ["Add channel vector"] = (b, x) => b.Graph.Add("Add", x, b.Floats(Channels, 1, 1)),
        ["Scale and shift channels"] = (b, x) =>
            b.Graph.Add("Relu", b.Graph.Add("Add", b.Floats(1, Channels, 1, 1), b.Graph.Add("Mul", x, b.Floats(Channels, 1, 1)))),
        ["Add row vector"] = (b, x) => b.Graph.Add("Add", x, b.Floats(9)),
        ["Add plane"] = (b, x) => b.Graph.Add("Sub", b.Floats(1, 1, 7, 9), x),
        ["Add full constant"] = (b, x) => b.Graph.Add("Mul", x, b.Floats(2, Channels, 7, 9)),
        ["Add to itself transposed"] = (b, x) => b.Graph.Add("Add", x, b.Graph.Add("Relu", b.Transpose(b.Transpose(x, 0, 1, 3, 2), 0, 1, 3, 2))),
        ["Add lesser rank"] = (b, x) => b.Graph.Add("Add", x, b.Graph.Add("ReduceMax", new AttributeMap { ["keepdims"] = 0L }, x, b.Ints(0))),
        ["Sum of three"] = (b, x) => b.Graph.Add("Sum", x, b.Floats(1), b.Graph.Add("Relu", x)),
        ["Concat channels"] = (b, x) => b.Graph.Add("Concat", new AttributeMap { ["axis"] = 1L }, x, b.Graph.Add("Relu", x), b.Floats(2, 3, 7, 9)),
        ["Concat rows"] = (b, x) => b.Graph.Add("Concat", new AttributeMap { ["axis"] = -2L }, x, b.Graph.Add("Relu", x)),
        ["Concat batch"] = (b, x) => b.Graph.Add("Concat", new AttributeMap { ["axis"] = 0L }, x, x),
        ["Split channels"] = (b, x) => b.Split(x, 1, 2, 4),
        ["Slice channels"] = (b, x) => b.Graph.Add("Slice", x, b.Ints(1), b.Ints(5), b.Ints(1)),
        ["Slice rows backwards"] = (b, x) => b.Graph.Add("Slice", x, b.Ints(-1, 0), b.Ints(-100, 8), b.Ints(2, 3), b.Ints(-1, 3)),
        ["Slice batch"] = (b, x) => b.Graph.Add("Slice", x, b.Ints(1), b.Ints(2), b.Ints(0)),
        ["Pad channels"] = (b, x) => b.Graph.Add("Pad", x, b.Ints(0, 2, 0, 0, 0, 1, 0, 0), b.Scalar(1.5f)),
        ["Pad rows by reflection"] = (b, x) => b.Graph.Add("Pad", new AttributeMap { ["mode"] = "reflect" }, x, b.Ints(0, 0, 2, 1, 0, 0, 3, 4)),
        ["Softmax channels"] = (b, x) => b.Graph.Add("Softmax", new AttributeMap { ["axis"] = 1L }, x),
        ["Softmax columns"] = (b, x) => b.Graph.Add("LogSoftmax", new AttributeMap { ["axis"] = 3L }, x),
        ["Mean of pixels"] = (b, x) => b.Graph.Add("ReduceMean", new AttributeMap { ["keepdims"] = 1L }, x, b.Ints(2, 3)),
        ["Mean of pixels, dropped"] = (b, x) => b.Expanded(b.Graph.Add("ReduceMean", new AttributeMap { ["keepdims"] = 0L }, x, b.Ints(-1, -2))),
        ["Maximum of channels"] = (b, x) => b.Graph.Add("ReduceMax", new AttributeMap { ["keepdims"] = 1L }, x, b.Ints(1)),
        ["Sum of rows, dropped"] = (b, x) => b.Graph.Add("Unsqueeze", b.Graph.Add("ReduceSum", new AttributeMap { ["keepdims"] = 0L }, x, b.Ints(2)), b.Ints(2)),
        ["Transpose rows and columns"] = (b, x) => b.Transpose(x, 0, 1, 3, 2),
        ["Transpose to channels last"] = (b, x) => b.Graph.Add("Relu", b.Transpose(x, 0, 2, 3, 1)),
        ["Transpose batch"] = (b, x) => b.Transpose(x, 1, 0, 2, 3),
        ["Reshape channels"] = (b, x) => b.Graph.Add("Reshape", x, b.Ints(2, 3, 14, 9)),
        ["Shuffle channels"] = (b, x) => b.Graph.Add(
            "Reshape", b.Transpose(b.Graph.Add("Reshape", x, b.Ints(2, 2, 3, 7, 9)), 0, 2, 1, 3, 4), b.Ints(2, 6, 7, 9)),
        ["Flatten"] = (b, x) => b.Expanded(b.Graph.Add("Flatten", x)),
        ["Largest of windows"] = (b, x) => b.Graph.Add("MaxPool", new AttributeMap { ["kernel_shape"] = new long[] { 3, 2 }, ["strides"] = new long[] { 2, 1 } }, x),
        ["Mean of windows"] = (b, x) => b.Graph.Add(
            "AveragePool",
            new AttributeMap { ["kernel_shape"] = new long[] { 3, 3 }, ["strides"] = new long[] { 2, 2 }, ["auto_pad"] = "SAME_UPPER", ["count_include_pad"] = 1L },
            x),
        ["Global mean"] = (b, x) => b.Graph.Add("GlobalAveragePool", x),
        ["Batch normalization"] = (b, x) => b.Graph.Add(
            "BatchNormalization", x, b.Floats(Channels), b.Floats(Channels), b.Floats(Channels), b.Graph.AddConstant(b.Positive(Channels))),
        ["Local response"] = (b, x) => b.Graph.Add("LRN", new AttributeMap { ["size"] = 3L, ["alpha"] = 0.3f }, x),
        ["Gather channels"] = (b, x) => b.Graph.Add("Gather", new AttributeMap { ["axis"] = 1L }, x, b.Ints(4, 0, -1, 2, 2)),
        ["Where"] = (b, x) => b.Graph.Add("Where", b.Graph.Add("Greater", x, b.Scalar(0)), x, b.Floats(Channels, 1, 1)),
        ["Cast and back"] = (b, x) => b.Graph.Add("Cast", new AttributeMap { ["to"] = 1L }, b.Graph.Add("Cast", new AttributeMap { ["to"] = 6L }, x)),
        ["Quantize per channel and back"] = (b, x) => b.QuantizeAndBack(x, Channels),
        ["Quantize and back"] = (b, x) => b.QuantizeAndBack(x, 0),
    };

    public static TheoryData<string> Names => [.. Operators.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Operator_BetweenConvolutions_AgreesWithOnnxRuntime(string name)
    {
        var builder = new Builder(new Random(7));
        var input = builder.Graph.AddInput("x", ElementType.Float32, Shape.Of(2, 4, 7, 9));
        var before = builder.Graph.Add("Conv", input, builder.Floats(Channels, 4, 1, 1), builder.Floats(Channels));
        var middle = Operators[name](builder, before);
        ShapeInference.Run(builder.Graph);
        var after = builder.Graph.Add("Conv", middle, builder.Floats(3, middle.Shape![1].Value, 1, 1));
        builder.Graph.Outputs.AddRange([after, middle]);
        foreach (var output in builder.Graph.Outputs) output.ElementType = ElementType.Float32;
        ShapeInference.Run(builder.Graph);

        Oracle.AssertEqual(builder.Graph, [Tensors.Floats(new Random(8), 2, 4, 7, 9)]);
    }

    private sealed class Builder(Random random)
    {
        public Graph Graph { get; } = new("layout");

        public Value Floats(params long[] shape) => Graph.AddConstant(Tensors.Floats(random, shape));

        public Value Scalar(float value) => Graph.AddConstant(Tensor.Scalar(value));

        public Value Ints(params long[] values) => Graph.AddConstant(Tensor.From<long>(values, values.Length));

        public Tensor Positive(int count) =>
            Tensor.From<float>([.. Enumerable.Range(0, count).Select(_ => 0.5f + random.NextSingle())], count);

        public Value Transpose(Value x, params long[] axes) => Graph.Add("Transpose", new AttributeMap { ["perm"] = axes }, x);

        /// <summary>Back to rank 4, for the convolution behind.</summary>
        public Value Expanded(Value x) => Graph.Add("Unsqueeze", x, Ints(2, 3));

        /// <summary>Splits, and joins the parts the other way round.</summary>
        public Value Split(Value x, long axis, params long[] sizes)
        {
            Value[] parts = [.. sizes.Select(_ => new Value(Graph.FreshName("part")))];
            Graph.Add(new Node("Split", [x, Ints(sizes)], parts, Graph.FreshName("split")) { Attributes = new() { ["axis"] = axis } });
            return Graph.Add("Concat", new AttributeMap { ["axis"] = axis }, [.. parts.Reverse()]);
        }

        public Value QuantizeAndBack(Value x, int channels)
        {
            var scale = Graph.AddConstant(channels == 0 ? Tensor.Scalar(0.05f) : Positive(channels));
            var zero = Graph.AddConstant(channels == 0 ? Tensor.Scalar((byte)120) : Tensor.From<byte>([.. Enumerable.Range(100, channels).Select(z => (byte)z)], channels));
            return Graph.Add("DequantizeLinear", new AttributeMap { ["axis"] = 1L }, Graph.Add("QuantizeLinear", new AttributeMap { ["axis"] = 1L }, x, scale, zero), scale, zero);
        }
    }
}
