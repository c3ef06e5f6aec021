using Microsoft.ML.OnnxRuntime;
using ServingStack.Graphs.Onnx;

namespace ServingStack.Graphs.Tests.Support;

/// <summary>Runs a graph on ONNX Runtime with its own optimizations off, as the oracle of what a graph means.</summary>
internal static class OrtRunner
{
    public static Tensor[] Run(Graph graph, IReadOnlyList<Tensor> inputs) => Run(OnnxWriter.ToBytes(graph), inputs);

    public static Tensor[] Run(byte[] model, IReadOnlyList<Tensor> inputs)
    {
        using var options = new SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR
        };
        options.IntraOpNumThreads = 1;
        using var session = new InferenceSession(model, options);
        var values = inputs.Select(ToOrt).ToArray();
        try
        {
            using var run = new RunOptions();
            using var outputs = session.Run(run, session.InputNames.Take(values.Length).ToArray(), values, session.OutputNames);
            return [.. outputs.Select(FromOrt)];
        }
        finally
        {
            foreach (var value in values) value.Dispose();
        }
    }

    private static OrtValue ToOrt(Tensor tensor)
    {
        var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance,
            (Microsoft.ML.OnnxRuntime.Tensors.TensorElementType)tensor.ElementType, tensor.Dimensions);
        if (tensor.ElementCount > 0) tensor.Bytes.Span.CopyTo(value.GetTensorMutableRawData());
        return value;
    }

    private static Tensor FromOrt(OrtValue value)
    {
        var info = value.GetTensorTypeAndShape();
        var type = (ElementType)(int)info.ElementDataType;
        var bytes = info.ElementCount == 0 ? [] : value.GetTensorMutableRawData().ToArray();
        return new Tensor(type, info.Shape, bytes);
    }
}
