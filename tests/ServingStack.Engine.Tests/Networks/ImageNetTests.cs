using ServingStack.Engine.Tests.Support;
using ServingStack.Graphs.Onnx;
using ServingStack.Tests.Shared;

namespace ServingStack.Engine.Tests.Networks;

public class ImageNetTests
{
    [DataTheory]
    [InlineData("squeezenet1.1.onnx", 227)]
    public void Run_RandomImage_AgreesWithOnnxRuntime(string file, int size)
    {
        var graph = OnnxReader.Load(TestData.Path("imagenet", file));

        Oracle.AssertEqual(graph, [Tensors.Floats(new Random(1), 1, 3, size, size)]);
    }
}
