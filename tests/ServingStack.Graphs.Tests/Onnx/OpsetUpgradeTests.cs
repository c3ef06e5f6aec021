using Google.Protobuf;
using ServingStack.Graphs.Onnx;
using ServingStack.Graphs.Onnx.Proto;
using ServingStack.Graphs.Tests.Support;

namespace ServingStack.Graphs.Tests.Onnx;

/// <summary>A model of an old opset computes the same on ONNX Runtime as what we read it into.</summary>
public class OpsetUpgradeTests
{
    private const int Seed = 11;

    public static TheoryData<string, long, string> Cases { get; } = new()
    {
        { "Clip", 7, "min=-0.5;max=0.5" },
        { "Slice", 9, "starts=[0,1];ends=[2,-1];axes=[1,2]" },
        { "Squeeze", 11, "" },
        { "Unsqueeze", 11, "axes=[0,5]" },
        { "ReduceSum", 11, "axes=[1,3];keepdims=0" },
        { "ReduceMean", 13, "axes=[-1]" },
        { "ReduceMax", 12, "" },
        { "Pad", 10, "pads=[0,0,1,1,0,0,2,0];value=3.5" },
        { "Pad", 7, "pads=[0,0,1,1,0,0,1,1];mode=reflect" },
        { "Dropout", 10, "ratio=0.3" },
        { "Split", 11, "axis=2;split=[1,3]" },
        { "Split", 13, "axis=1" },
        { "Softmax", 11, "" },
        { "Softmax", 9, "axis=2" },
        { "LogSoftmax", 11, "axis=3" },
        { "Hardmax", 12, "axis=1" },
        { "TopK", 9, "k=2;axis=3" },
        { "Upsample", 7, "scales=[1f,1f,2f,3f];mode=nearest" },
        { "Upsample", 8, "scales=[1f,1f,2f,2f];mode=linear" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Load_OldOpset_ComputesTheSame(string opType, long opset, string attributes)
    {
        var model = OnnxReaderRefusalTests.Model(opset, Node(opType, attributes));
        model.Graph.Input[0].Type.TensorType.Shape = ShapeOf(1, 2, 4, 4);
        model.Graph.Output[0].Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = 1 } };
        var bytes = model.ToByteArray();
        var graph = OnnxReader.Load(bytes);
        Assert.Equal(OnnxReader.CanonicalOpset, graph.Opset);
        var x = RandomTensors.Of(ElementType.Float32, [1, 2, 4, 4], new Random(Seed));
        var (expected, actual) = (OrtRunner.Run(bytes, [x])[0], OrtRunner.Run(graph, [x])[0]);
        Assert.Equal(expected.Dimensions, actual.Dimensions);
        Assert.Equal(expected.As<float>().ToArray(), actual.As<float>().ToArray());
    }

    [Fact]
    public void Load_ScanWithBatchAxis_SaysThatItCannotBeRaised()
    {
        var model = OnnxReaderRefusalTests.Model(8, OnnxReaderRefusalTests.Node("Scan", "scan", ["x"], ["y"]));
        var error = Assert.Throws<GraphLoadException>(() => OnnxReader.Load(model.ToByteArray()));
        Assert.Equal(("scan", "Scan", 8L), (error.Node, error.Operator, error.Opset));
    }

    private static NodeProto Node(string opType, string attributes)
    {
        var outputs = opType is "Split" or "TopK" ? new[] { "y", "second" } : ["y"];
        var node = OnnxReaderRefusalTests.Node(opType, "node", ["x"], outputs);
        foreach (var attribute in attributes.Split(';', StringSplitOptions.RemoveEmptyEntries))
            node.Attribute.Add(AttributeWriter.Write(attribute.Split('=')[0], Value(attribute.Split('=')[1]), _ =>
                throw new InvalidOperationException()));
        return node;
    }

    /// <summary>Numbers with a point or an f are floats; brackets make arrays; all else is text.</summary>
    private static object Value(string text)
    {
        if (text.StartsWith('['))
            return text.Contains('f') ? text.Trim('[', ']').Split(',').Select(t => float.Parse(t.TrimEnd('f'))).ToArray()
                : text.Trim('[', ']').Split(',').Select(long.Parse).ToArray();
        return long.TryParse(text, out var number) ? number : float.TryParse(text, out var real) ? real : text;
    }

    private static TensorShapeProto ShapeOf(params long[] extents)
    {
        var shape = new TensorShapeProto();
        shape.Dim.AddRange(extents.Select(e => new TensorShapeProto.Types.Dimension { DimValue = e }));
        return shape;
    }
}
