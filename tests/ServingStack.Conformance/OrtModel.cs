using Microsoft.ML.OnnxRuntime;
using ServingStack.Graphs;

namespace ServingStack.Conformance;

/// <summary>Runs a model on ONNX Runtime with its own optimizations off.</summary>
internal static class OrtModel
{
    /// <summary>The outputs; null, with the reason, when ONNX Runtime cannot load or run the model.</summary>
    public static Tensor[]? TryRun(byte[] model, IReadOnlyList<Tensor> inputs, out string error)
    {
        try
        {
            error = "";
            return Run(model, inputs);
        }
        catch (OnnxRuntimeException e)
        {
            error = e.Message;
            return null;
        }
    }

    private static Tensor[] Run(byte[] model, IReadOnlyList<Tensor> inputs)
    {
        using var options = new SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
            IntraOpNumThreads = 1,
        };
        using var session = new InferenceSession(model, options);
        var values = inputs.Select(ToOrt).ToArray();
        try
        {
            using var run = new RunOptions();
            using var outputs = session.Run(run, session.InputNames, values, session.OutputNames);
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
        var bytes = info.ElementCount == 0 ? [] : value.GetTensorMutableRawData().ToArray();
        return new Tensor((ElementType)(int)info.ElementDataType, info.Shape, bytes);
    }
}
