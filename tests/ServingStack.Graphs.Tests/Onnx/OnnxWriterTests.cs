using System.Text;
using ServingStack.Graphs.Onnx;
using ServingStack.Graphs.Tests.Support;

namespace ServingStack.Graphs.Tests.Onnx;

public class OnnxWriterTests
{
    [Fact]
    public void ToBytes_EveryKindOfAttribute_ReadsBackEqual()
    {
        var graph = new Graph("kinds") { Opsets = { ["com.example"] = 3 }, Metadata = { ["author"] = "a test", ["note"] = "two\nlines" } };
        var x = graph.AddInput("x", ElementType.Float32, new Shape(Dimension.Named("N"), Dimension.Unknown, 3));
        var branch = graph.NewSubgraph("branch");
        branch.Outputs.Add(branch.Add("Relu", x));
        var y = graph.Add("Anything", new AttributeMap
        {
            ["int"] = 7L,
            ["float"] = 0.1f,
            ["string"] = "text",
            ["bytes"] = new byte[] { 0xFF, 0xFE, 0 },
            ["tensor"] = Tensor.From<float>([1, 2, 3], 3),
            ["graph"] = branch,
            ["ints"] = new long[] { 1, -2 },
            ["floats"] = new[] { 1.5f, -0f },
            ["strings"] = new[] { "a", "" },
            ["tensors"] = new[] { Tensor.Scalar(5L), Tensor.Scalar((sbyte)-1) },
            ["empty"] = Array.Empty<long>(),
            ["strings tensor"] = new Tensor([2], [Encoding.UTF8.GetBytes("ä"), []]),
        }, x, null, x);
        y.Producer!.Domain = "com.example";
        graph.Outputs.Add(y);
        Assert.Equal(GraphPrinter.Print(graph), GraphPrinter.Print(OnnxReader.Load(OnnxWriter.ToBytes(graph))));
    }

    [Fact]
    public void ToBytes_FunctionWithAttributeReference_ReadsBackEqualAndRuns()
    {
        var body = new Graph("leak");
        var x = new Value("x");
        body.Inputs.Add(x);
        body.Outputs.Add(body.Add("LeakyRelu", new AttributeMap { ["alpha"] = new AttributeReference("slope", 1) },
            body.Add("Add", x, body.AddConstant(Tensor.Scalar(1f)))));
        var graph = new Graph
        {
            Opsets = { ["servingstack"] = 1 },
            Functions = { new GraphFunction("servingstack", "Leak", body) { Attributes = ["slope"] } }
        };
        var input = graph.AddInput("input", ElementType.Float32, Shape.Of(4));
        var call = new Node("Leak", [input], [new Value("y") { ElementType = ElementType.Float32, Shape = Shape.Of(4) }], "call",
            "servingstack")
        { Attributes = { ["slope"] = 0.5f } };
        graph.Add(call);
        graph.Outputs.Add(call.Outputs[0]);
        var again = OnnxReader.Load(OnnxWriter.ToBytes(graph));
        Assert.Equal(GraphPrinter.Print(again), GraphPrinter.Print(OnnxReader.Load(OnnxWriter.ToBytes(again))));
        Assert.Equal([-0.5f, 1f, 3f, -1f], OrtRunner.Run(again, [Tensor.From<float>([-2, 0, 2, -3], 4)])[0].As<float>().ToArray());
        ShapeInference.Run(again);
        Assert.Equal("%y: Float32[4]", again.Outputs[0].ToString());
    }

    [Fact]
    public void ToBytes_ConstantOutputAndSharedConstantOfBranches_RunOnOnnxRuntime()
    {
        var graph = new Graph();
        var flag = graph.AddInput("flag", ElementType.Bool, Shape.Scalar);
        var shared = graph.AddConstant(Tensor.From<float>([1, 2], 2), "shared");
        var (then, otherwise) = (graph.NewSubgraph("then"), graph.NewSubgraph("else"));
        then.Outputs.Add(then.Add("Neg", shared));
        otherwise.Outputs.Add(otherwise.Add("Add", shared, shared));
        var y = graph.Add("If", new AttributeMap { ["then_branch"] = then, ["else_branch"] = otherwise }, flag);
        (y.ElementType, y.Shape) = (ElementType.Float32, Shape.Of(2));
        graph.Outputs.AddRange([y, graph.AddConstant(Tensor.From<float>([9], 1), "nine")]);
        var again = OnnxReader.Load(OnnxWriter.ToBytes(graph));
        Assert.Equal(GraphPrinter.Print(graph), GraphPrinter.Print(again));
        var outputs = OrtRunner.Run(again, [Tensor.From<bool>([false], [])]);
        Assert.Equal([2f, 4f], outputs[0].As<float>().ToArray());
        Assert.Equal([9f], outputs[1].As<float>().ToArray());
    }

    [Fact]
    public void Print_SmallGraph_IsReadable()
    {
        var b = new GraphBuilder();
        var graph = b.Output(b.Op("Relu", b.Op("Reshape", b.Input("x", "N", 2, 3), b.Integers(0, 6))));
        graph.Metadata["made by"] = "a test";
        ShapeInference.Run(graph);
        Assert.Equal(
            """
            graph test [opset 21]
              meta made by = a test
              input %x: Float32[N, 2, 3]
              const %constant_0: Int64[2] = [0, 6]
              %reshape_1: Float32[N, 6] = Reshape(%x, %constant_0)
              %y: Float32[N, 6] = Relu(%reshape_1)
              output %y: Float32[N, 6]

            """.ReplaceLineEndings("\n"), GraphPrinter.Print(graph));
    }

    [Fact]
    public void TensorFile_RoundTrip_KeepsBytes()
    {
        var tensor = Tensor.From<float>([1, -2, 3, 4, 5, 6], 2, 3);
        var again = TensorFile.Read(TensorFile.ToBytes(tensor));
        Assert.Equal((tensor.ElementType, tensor.Shape), (again.ElementType, again.Shape));
        Assert.Equal(tensor.Bytes.ToArray(), again.Bytes.ToArray());
    }
}
