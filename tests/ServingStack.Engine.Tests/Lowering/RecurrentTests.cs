using ServingStack.Engine.Tests.Support;
using ServingStack.Graphs;
using ServingStack.Graphs.Onnx;
using ServingStack.Tests.Shared;

namespace ServingStack.Engine.Tests.Lowering;

/// <summary>LSTM and GRU layers on our kernels give what ONNX Runtime gives, whichever outputs and initial states there are.</summary>
public class RecurrentTests
{
    private const int Steps = 5;
    private const int Batch = 3;
    private const int Inputs = 7;
    private const int Hidden = 20;

    [Theory]
    [InlineData("LSTM", "forward", 0, true)]
    [InlineData("LSTM", "reverse", 0, false)]
    [InlineData("LSTM", "bidirectional", 0, true)]
    [InlineData("GRU", "forward", 0, true)]
    [InlineData("GRU", "forward", 1, false)]
    [InlineData("GRU", "reverse", 1, true)]
    [InlineData("GRU", "bidirectional", 0, false)]
    [InlineData("GRU", "bidirectional", 1, true)]
    public void Layer_OfAnyDirection_AgreesWithOnnxRuntime(string operation, string direction, int linear, bool withStates)
    {
        var random = new Random(9);
        var dump = Oracle.AssertEqual(Layer(operation, direction, linear, withStates, random), [Tensors.Floats(random, Steps, Batch, Inputs)]);
        Assert.Contains(operation == "LSTM" ? "lstm_f32" : "gru_f32", dump, StringComparison.Ordinal);
    }

    [Fact]
    public void Layer_WithLengthsOfItsOwn_RunsOnOnnxRuntime()
    {
        var random = new Random(10);
        var graph = Layer("GRU", "forward", 0, withStates: false, random);
        var layer = graph.Nodes.Single(node => node.OpType == "GRU");
        layer.SetInput(4, graph.AddConstant(Tensor.From<int>([5, 2, 3], Batch)));
        // Something else must run on a kernel of ours, or the whole model does not.
        graph.Outputs.Add(graph.Add("Relu", graph.Outputs[0]));
        ShapeInference.Run(graph);
        var x = Tensors.Floats(random, Steps, Batch, Inputs);
        Assert.Contains("lengths of their own", Oracle.AssertEqual(graph, [x], expectFallback: true), StringComparison.Ordinal);
    }

    [DataFact]
    public void DateEncoder_OfAnyText_AgreesWithOnnxRuntime()
    {
        var graph = OnnxReader.Load(TestData.Path("sequence-models", "date_seq2seq_encoder.onnx"));
        var random = new Random(11);
        long[] shape = [.. graph.Inputs[0].Shape!.Select((extent, axis) => extent.IsFixed ? extent.Value : axis == 0 ? 12 : 2)];
        var ids = Enumerable.Range(0, (int)shape.Aggregate((a, b) => a * b)).Select(_ => (long)random.Next(20)).ToArray();
        var input = graph.Inputs[0].ElementType == ElementType.Int64
            ? Tensor.From<long>(ids, shape)
            : Tensor.From<int>(ids.Select(id => (int)id).ToArray(), shape);
        Assert.Contains("lstm_f32", Oracle.AssertEqual(graph, [input]), StringComparison.Ordinal);
    }

    private static Graph Layer(string operation, string direction, int linear, bool withStates, Random random)
    {
        var graph = new Graph(operation);
        var (directions, gates) = (direction == "bidirectional" ? 2 : 1, operation == "LSTM" ? 4 : 3);
        Value Constant(params long[] shape) => graph.AddConstant(Tensors.Floats(random, shape));
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(Steps, Batch, Inputs));
        var attributes = new AttributeMap { ["hidden_size"] = (long)Hidden, ["direction"] = direction };
        if (operation == "GRU") attributes["linear_before_reset"] = (long)linear;
        Value?[] inputs =
        [
            x, Constant(directions, gates * Hidden, Inputs), Constant(directions, gates * Hidden, Hidden),
            Constant(directions, 2 * gates * Hidden), null, withStates ? Constant(directions, Batch, Hidden) : null,
        ];
        if (operation == "LSTM" && withStates) inputs = [.. inputs, Constant(directions, Batch, Hidden)];
        string[] names = operation == "LSTM" ? ["y", "y_h", "y_c"] : ["y", "y_h"];
        var outputs = names.Select(name => new Value(name)).ToArray();
        graph.Add(new Node(operation, inputs, outputs) { Attributes = attributes });
        foreach (var output in outputs) graph.Outputs.Add(output);
        ShapeInference.Run(graph);
        return graph;
    }
}
