using System.Text;
using Google.Protobuf;
using ServingStack.Graphs.Onnx;
using ServingStack.Graphs.Onnx.Proto;

namespace ServingStack.Graphs.Tests.Onnx;

public class OnnxReaderRefusalTests
{
    [Fact]
    public void Load_CyclicGraph_NamesANodeOfTheCycle()
    {
        var model = Model(opset: 17, Node("Relu", "before", ["x"], ["a"]), Node("Add", "first", ["a", "c"], ["b"]),
            Node("Relu", "second", ["b"], ["c"]), Node("Relu", "behind", ["c"], ["y"]));
        var error = Refused(model);
        Assert.Contains("cyclic", error.Message);
        Assert.Contains(error.Node, new[] { "first", "second" });
        Assert.Equal(17, error.Opset);
        Assert.Contains("model in memory", error.Message);
    }

    [Theory]
    [InlineData(5, "too old")]
    [InlineData(29, "unknown")]
    [InlineData(1000, "unknown")]
    public void Load_UnknownOpset_SaysWhichAreRead(long opset, string reason)
    {
        var error = Refused(Model(opset, Node("Relu", "relu", ["x"], ["y"])));
        Assert.Contains(reason, error.Message);
        Assert.Contains($"{OnnxReader.OldestOpset} to {OnnxReader.NewestOpset}", error.Message);
        Assert.Equal(opset, error.Opset);
    }

    [Fact]
    public void Load_NoOpset_AsksForOne()
    {
        var model = Model(17, Node("Relu", "relu", ["x"], ["y"]));
        model.OpsetImport.Clear();
        Assert.Contains("opset_import", Refused(model).Message);
    }

    [Fact]
    public void Load_InputThatNothingProduces_NamesNodeOperatorAndInput()
    {
        var error = Refused(Model(17, Node("Relu", "relu", ["missing"], ["y"])));
        Assert.Equal(("relu", "Relu"), (error.Node, error.Operator));
        Assert.Contains("'missing'", error.Message);
        Assert.Contains("node 'relu' (Relu, opset 17)", error.Message);
    }

    [Fact]
    public void Load_UnnamedNode_IsNamedByItsOutput() => Assert.Equal("y", Refused(Model(17, Node("Relu", "", ["missing"], ["y"]))).Node);

    [Fact]
    public void Load_OutputThatNothingProduces_NamesIt() =>
        Assert.Contains("'y'", Refused(Model(17, Node("Relu", "relu", ["x"], ["z"]))).Message);

    [Fact]
    public void Load_NameGivenTwice_NamesIt() =>
        Assert.Contains("'y'", Refused(Model(17, Node("Relu", "one", ["x"], ["y"]), Node("Neg", "two", ["x"], ["y"]))).Message);

    [Fact]
    public void Load_NodeWithoutInputs_IsRefusedWhileInferring()
    {
        var graph = OnnxReader.Load(Model(17, Node("Conv", "conv", ["x"], ["y"])).ToByteArray(), "broken.onnx");
        var error = Assert.Throws<GraphLoadException>(() => ShapeInference.Run(graph));
        Assert.Equal(("conv", "Conv", "broken.onnx"), (error.Node, error.Operator, error.File));
        Assert.Contains("needs 2 inputs", error.Message);
    }

    [Theory]
    [InlineData(3, "takes 16 bytes but holds 12")]
    [InlineData(5, "takes 16 bytes but holds 20")]
    public void Load_TensorOfWrongSize_NamesBothSizes(int numbers, string expected)
    {
        var model = Model(17, Node("Add", "add", ["x", "w"], ["y"]));
        var tensor = new TensorProto { Name = "w", DataType = 1 };
        tensor.Dims.Add(4);
        tensor.FloatData.AddRange(new float[numbers]);
        model.Graph.Initializer.Add(tensor);
        var message = Refused(model).Message;
        Assert.Contains("'w'", message);
        Assert.Contains(expected, message);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(long.MaxValue)]
    public void Load_TensorOfImpossibleDimensions_IsRefusedWithoutAllocating(long extent)
    {
        var model = Model(17, Node("Add", "add", ["x", "w"], ["y"]));
        var tensor = new TensorProto { Name = "w", DataType = 1 };
        tensor.Dims.AddRange([extent, 8, 8]);
        model.Graph.Initializer.Add(tensor);
        Assert.Contains("impossible dimensions", Refused(model).Message);
    }

    [Fact]
    public void Load_UnknownElementType_IsRefused()
    {
        var model = Model(17, Node("Add", "add", ["x", "w"], ["y"]));
        model.Graph.Initializer.Add(new TensorProto { Name = "w", DataType = 77 });
        Assert.Contains("element type 77", Refused(model).Message);
    }

    [Theory]
    [InlineData("../secret.bin")]
    [InlineData("/etc/passwd")]
    [InlineData("inner/../../secret.bin")]
    [InlineData("")]
    public void Load_ExternalDataOutsideTheFolder_IsRefused(string location)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("model/model.onnx", ExternalModel(location).ToByteArray());
        folder.Write("secret.bin", new byte[16]);
        Assert.Contains("outside the model's folder", Assert.Throws<GraphLoadException>(() => OnnxReader.Load(path)).Message);
    }

    [Fact]
    public void Load_ExternalDataBesideTheModel_IsRead()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("model.onnx", ExternalModel("data/weights.bin", offset: 4).ToByteArray());
        folder.Write("data/weights.bin", [9, 9, 9, 9, .. MemoryBytes(1, 2, 3, 4)]);
        var weights = OnnxReader.Load(path).Nodes[0].Inputs[1]!.Constant!;
        Assert.Equal([1f, 2f, 3f, 4f], weights.As<float>().ToArray());
    }

    [Fact]
    public void Load_ExternalDataCutShort_IsRefused()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("model.onnx", ExternalModel("weights.bin").ToByteArray());
        folder.Write("weights.bin", new byte[15]);
        Assert.Contains("weights.bin", Assert.Throws<GraphLoadException>(() => OnnxReader.Load(path)).Message);
    }

    [Fact]
    public void Load_ExternalDataFromMemory_AsksForThePath() =>
        Assert.Contains("by its path", Refused(ExternalModel("weights.bin")).Message);

    [Fact]
    public void Load_MissingFile_NamesIt() => Assert.Contains("nowhere.onnx",
        Assert.Throws<GraphLoadException>(() => OnnxReader.Load("/tmp/nowhere.onnx")).Message);

    [Fact]
    public void Load_EmptyFile_HoldsNoGraph() => Assert.Contains("no graph",
        Assert.Throws<GraphLoadException>(() => OnnxReader.Load(Array.Empty<byte>())).Message);

    [Fact]
    public void Load_OtherFile_IsNoModel() =>
        Assert.Contains("no ONNX model", Assert.Throws<GraphLoadException>(() =>
            OnnxReader.Load(Encoding.UTF8.GetBytes("<html>404 not found</html>"))).Message);

    internal static ModelProto Model(long opset, params NodeProto[] nodes)
    {
        var model = new ModelProto { IrVersion = 8, Graph = new GraphProto { Name = "g" } };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = opset });
        model.Graph.Input.Add(Info("x"));
        model.Graph.Output.Add(Info("y"));
        model.Graph.Node.AddRange(nodes);
        return model;
    }

    internal static NodeProto Node(string opType, string name, string[] inputs, string[] outputs)
    {
        var node = new NodeProto { OpType = opType, Name = name };
        node.Input.AddRange(inputs);
        node.Output.AddRange(outputs);
        return node;
    }

    private static ModelProto ExternalModel(string location, long offset = 0)
    {
        var model = Model(17, Node("Add", "add", ["x", "w"], ["y"]));
        var tensor = new TensorProto { Name = "w", DataType = 1, DataLocation = 1 };
        tensor.Dims.Add(4);
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = location });
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "offset", Value = $"{offset}" });
        model.Graph.Initializer.Add(tensor);
        return model;
    }

    private static byte[] MemoryBytes(params float[] values) =>
        System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values).ToArray();

    private static ValueInfoProto Info(string name)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = 4 });
        return new ValueInfoProto
        {
            Name = name,
            Type = new TypeProto
            {
                TensorType =
            new TypeProto.Types.Tensor { ElemType = 1, Shape = shape }
            }
        };
    }

    private static GraphLoadException Refused(ModelProto model) =>
        Assert.Throws<GraphLoadException>(() => OnnxReader.Load(model.ToByteArray()));

    /// <summary>A folder that is gone after the test.</summary>
    private sealed class TemporaryFolder : IDisposable
    {
        private readonly string _path = Directory.CreateTempSubdirectory("graphs-").FullName;

        public string Write(string name, byte[] bytes)
        {
            var path = Path.Combine(_path, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, bytes);
            return path;
        }

        public void Dispose() => Directory.Delete(_path, recursive: true);
    }
}
