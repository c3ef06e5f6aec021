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

    /// <param name="model">An ONNX file.</param>
    /// <param name="batch">The extent of open dimensions.</param>
    /// <param name="literal">Computes node by node as the file says, without optimizations.</param>
    public OnnxRuntimePeer(byte[] model, int batch = 1, bool literal = false)
    {
        using var options = new SessionOptions
        {
            IntraOpNumThreads = 1,
            InterOpNumThreads = 1,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
            GraphOptimizationLevel = literal ? GraphOptimizationLevel.ORT_DISABLE_ALL : GraphOptimizationLevel.ORT_ENABLE_ALL,
        };
        _session = new InferenceSession(model, options);
        _binding = _session.CreateIoBinding();
        var random = new Random(31);
        foreach (var (name, metadata) in _session.InputMetadata) _binding.BindInput(name, RandomValue(metadata, batch, random));
        foreach (var name in _session.OutputMetadata.Keys) _binding.BindOutputToDevice(name, OrtMemoryInfo.DefaultInstance);
    }

    public void Run() => _session.RunWithBinding(_options, _binding);

    /// <summary>The bytes of an input, to be written before a run.</summary>
    public Span<byte> Input(int index) => _values[index].GetTensorMutableRawData();

    /// <summary>The outputs of floats of the last run.</summary>
    public List<float[]> Outputs()
    {
        using var values = _binding.GetOutputValues();
        return [.. values.Where(v => v.GetTensorTypeAndShape().ElementDataType == TensorElementType.Float)
            .Select(v => v.GetTensorDataAsSpan<float>().ToArray())];
    }

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
