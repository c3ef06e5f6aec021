using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using ServingStack.Graphs;
using ServingStack.Kernels;

namespace ServingStack.Engine.OnnxRuntime;

/// <summary>One call of an ONNX Runtime session with fixed input shapes. Allocates, and throws what ONNX Runtime throws.</summary>
internal sealed class OnnxRuntimeCall : BoundKernel, IDisposable
{
    private readonly InferenceSession _session;
    private readonly string[] _inputNames;
    private readonly string[] _outputNames;
    private readonly OrtValue[] _inputValues;
    // Held for as long as the call lives: a run whose options are finalized under it crashes.
    private readonly RunOptions _runOptions = new();
    private IDisposableReadOnlyCollection<OrtValue>? _results;

    public OnnxRuntimeCall(InferenceSession session, ModelSignature signature, IReadOnlyList<long[]> inputShapes)
    {
        _session = session;
        var inputs = signature.Inputs.Select((spec, i) => new PinnedTensor(spec, inputShapes[i])).ToArray();
        _inputValues = Array.ConvertAll(inputs, t => t.AsOrtValue());
        _inputNames = Array.ConvertAll(inputs, t => t.Name);
        _outputNames = [.. signature.Outputs.Select(o => o.Name)];
        Inputs = inputs;
        Outputs = [.. signature.Outputs.Select((spec, i) => new ResultTensor(spec, () => _results?[i]))];
    }

    public PlanTensor[] Inputs { get; }

    public PlanTensor[] Outputs { get; }

    public override string KernelName => "onnxruntime_session";

    public override void Run(int part, int parts)
    {
        _results?.Dispose();
        _results = _session.Run(_runOptions, _inputNames, _inputValues, _outputNames);
    }

    public void Dispose()
    {
        _results?.Dispose();
        foreach (var value in _inputValues) value.Dispose();
        _runOptions.Dispose();
    }

    private sealed class PinnedTensor(TensorSpec spec, long[] shape) : PlanTensor(spec.Name, spec.ElementType)
    {
        private readonly int _length = checked((int)spec.ElementType.BytesFor(Graphs.Shape.Of(shape).ElementCount));
        private readonly byte[] _bytes = GC.AllocateArray<byte>(
            Math.Max(1, checked((int)spec.ElementType.BytesFor(Graphs.Shape.Of(shape).ElementCount))), pinned: true);

        public override long[] Shape => shape;

        public override Span<byte> Bytes => _bytes.AsSpan(0, _length);

        public OrtValue AsOrtValue() => OrtValue.CreateTensorValueWithData(
            OrtMemoryInfo.DefaultInstance, (TensorElementType)(int)ElementType, shape, Marshal.UnsafeAddrOfPinnedArrayElement(_bytes, 0), _length);
    }

    /// <summary>An output whose memory and extents come from the last run.</summary>
    private sealed class ResultTensor(TensorSpec spec, Func<OrtValue?> last) : PlanTensor(spec.Name, spec.ElementType)
    {
        public override long[] Shape => Last.GetTensorTypeAndShape().Shape;

        public override Span<byte> Bytes => Last.GetTensorMutableRawData();

        private OrtValue Last => last() ?? throw new InvalidOperationException($"Output '{Name}' has no value before the first run.");
    }
}
