using ServingStack.Kernels.Machine;

namespace ServingStack.Engine.Lowering;

/// <summary>A graph as a list of steps, before memory is planned.</summary>
internal sealed record LoweredGraph(
    IReadOnlyList<LoweredStep> Steps,
    IReadOnlyList<LoweredTensor> Inputs,
    IReadOnlyList<LoweredTensor> Outputs,
    IReadOnlyList<NativeBuffer> Constants,
    IndexTracer Indices) : IDisposable
{
    /// <summary>For a graph that never becomes a plan; a plan takes the constants over.</summary>
    public void Dispose()
    {
        foreach (var constant in Constants) constant.Dispose();
    }
}

/// <summary>A graph input or output, and where it lies in ONNX's layout.</summary>
internal sealed record LoweredTensor(TensorSpec Spec, Operand Place);
