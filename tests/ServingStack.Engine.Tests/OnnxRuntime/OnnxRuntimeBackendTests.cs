using System.Runtime.InteropServices;
using ServingStack.Graphs;
using ServingStack.Tests.Shared;

namespace ServingStack.Engine.Tests.OnnxRuntime;

public class OnnxRuntimeBackendTests
{
    private static readonly EngineOptions Options = new() { ForceOnnxRuntime = true };

    [DataFact]
    public void Load_ResNet20_DescribesInputsAndOutputs()
    {
        using var model = CompiledModel.Load(TestData.Path("cifar10-models", "resnet20_cifar10.onnx"), Options);

        Assert.Equal(CompiledModel.OnnxRuntimePlatform, model.Platform);
        var input = Assert.Single(model.Inputs);
        Assert.Equal(ElementType.Float32, input.ElementType);
        Assert.Equal([3, 32, 32], input.Shape.Skip(1).Select(d => d.Value));
        Assert.True(model.SupportsBatching);
    }

    [DataFact]
    public void PlanForBatch_RowsOfABatch_EqualRowsRunAlone()
    {
        using var model = CompiledModel.Load(TestData.Path("cifar10-models", "resnet20_cifar10.onnx"), Options);
        using var session = model.CreateSession();
        var pixels = Noise(2 * 3 * 32 * 32);
        var both = Run(session.PlanForBatch(2), pixels);

        var second = Run(session.PlanForBatch(1), pixels[(pixels.Length / 2)..]);

        Assert.Equal(20, both.Length);
        for (var i = 0; i < 10; i++) Assert.Equal(second[i], both[10 + i], 1e-4f);
    }

    [DataFact]
    public void PlanFor_WrongShape_NamesTheInputAndWhatItTakes()
    {
        using var model = CompiledModel.Load(TestData.Path("cifar10-models", "resnet20_cifar10.onnx"), Options);
        using var session = model.CreateSession();

        var error = Assert.Throws<InputException>(() => session.PlanFor([[1, 3, 32, 31]]));

        Assert.Contains(model.Inputs[0].Name, error.Message, StringComparison.Ordinal);
        Assert.Contains("[1, 3, 32, 31]", error.Message, StringComparison.Ordinal);
    }

    [DataFact]
    public void PlanForBatch_SameBatchTwice_ReturnsTheSamePlan()
    {
        using var model = CompiledModel.Load(TestData.Path("cifar10-models", "resnet20_cifar10.onnx"), Options with { MaxPlans = 2 });
        using var session = model.CreateSession();
        var first = session.PlanForBatch(1);
        session.PlanForBatch(2);
        Assert.Same(first, session.PlanForBatch(1));

        session.PlanForBatch(3);
        Assert.Same(first, session.PlanForBatch(1));
    }

    private static float[] Run(Plan plan, float[] pixels)
    {
        MemoryMarshal.AsBytes(pixels.AsSpan()).CopyTo(plan.Input(0));
        plan.Run();
        return MemoryMarshal.Cast<byte, float>(plan.Output(0)).ToArray();
    }

    private static float[] Noise(int count)
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() * 4) - 2)];
    }
}
