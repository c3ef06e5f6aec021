using System.Runtime.InteropServices;
using ServingStack.Engine;
using ServingStack.Graphs;
using ServingStack.Graphs.Onnx;
using ServingStack.Training.Data;
using static TorchSharp.torch;
using GraphTensor = ServingStack.Graphs.Tensor;
using Tensor = TorchSharp.torch.Tensor;

namespace ServingStack.Training;

/// <summary>
/// A network whose opinions are learned, on our own kernels: it only runs forward, where they take a fraction of what training takes.
/// </summary>
internal sealed class Teacher : IDisposable
{
    private readonly CompiledModel _model;
    private readonly Session _session;

    /// <summary>The graph stays as it is.</summary>
    public Teacher(Graph graph)
    {
        var copy = OnnxReader.Load(OnnxWriter.ToBytes(graph), graph.Name);
        ShapeInference.Run(copy);
        copy.Outputs[0] = Objective.For(copy).Logits;
        _model = CompiledModel.Compile(copy, new EngineOptions());
        _session = _model.CreateSession();
    }

    /// <summary>The logits of a batch; the caller owns them.</summary>
    public Tensor Opinion(Batch batch)
    {
        var logits = _session.Run([.. batch.Inputs.Select(ToGraph)])[0];
        return tensor(MemoryMarshal.Cast<byte, float>(logits.Bytes.Span).ToArray(), logits.Dimensions);
    }

    public void Dispose()
    {
        _session.Dispose();
        _model.Dispose();
    }

    private static GraphTensor ToGraph(Tensor tensor) => tensor.dtype == ScalarType.Int64
        ? GraphTensor.From<long>(tensor.data<long>().ToArray(), tensor.shape)
        : GraphTensor.From<float>(tensor.data<float>().ToArray(), tensor.shape);
}
