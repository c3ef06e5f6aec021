using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace ServingStack.Benchmarks;

/// <summary>
/// A model on ONNX Runtime, one thread, with its inputs and outputs bound to fixed memory: no allocation and no copy in a run.
/// </summary>
internal sealed class OnnxRuntimePeer : IDisposable
{
    private readonly InferenceSession _session;
    private readonly OrtIoBinding _binding;
    private readonly RunOptions _options = new();
    private readonly List<OrtValue> _values = [];

    public OnnxRuntimePeer(byte[] model, int batch = 1)
    {
        using var options = new SessionOptions
        {
            IntraOpNumThreads = 1,
            InterOpNumThreads = 1,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        _session = new InferenceSession(model, options);
        _binding = _session.CreateIoBinding();
        var random = new Random(31);
        foreach (var (name, metadata) in _session.InputMetadata) _binding.BindInput(name, RandomValue(metadata, batch, random));
        foreach (var name in _session.OutputMetadata.Keys) _binding.BindOutputToDevice(name, OrtMemoryInfo.DefaultInstance);
    }

    public void Run() => _session.RunWithBinding(_options, _binding);

    public void Dispose()
    {
        _binding.Dispose();
        foreach (var value in _values) value.Dispose();
        _options.Dispose();
        _session.Dispose();
    }

    private OrtValue RandomValue(NodeMetadata metadata, int batch, Random random)
    {
        var shape = metadata.Dimensions.Select(extent => (long)(extent < 0 ? batch : extent)).ToArray();
        var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, metadata.ElementDataType, shape);
        _values.Add(value);
        // Indices stay zero, which every table has.
        value.GetTensorMutableRawData().Clear();
        if (metadata.ElementDataType == TensorElementType.Float) Numbers.Fill(random, value.GetTensorMutableDataAsSpan<float>());
        else if (metadata.ElementDataType == TensorElementType.UInt8) random.NextBytes(value.GetTensorMutableDataAsSpan<byte>());
        return value;
    }
}
