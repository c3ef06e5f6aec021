using ServingStack.Engine.Tests.Support;
using ServingStack.Graphs.Onnx;
using ServingStack.Tests.Shared;

namespace ServingStack.Engine.Tests.Networks;

public class ResNet20Tests
{
    [DataTheory]
    [InlineData(1)]
    [InlineData(3)]
    public void Run_RandomImages_AgreesWithOnnxRuntime(int batch)
    {
        var graph = OnnxReader.Load(TestData.Path("cifar10-models", "resnet20_cifar10.onnx"));

        Oracle.AssertEqual(graph, [Tensors.Floats(new Random(batch), batch, 3, 32, 32)]);
    }
}
