using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using ServingStack.Engine.Lowering;
using ServingStack.Graphs;
using ServingStack.Graphs.Onnx;
using ServingStack.Graphs.Passes;
using ServingStack.Kernels;

namespace ServingStack.Engine.OnnxRuntime;

/// <summary>A tensor in an arena, as ONNX Runtime wants to be told of it.</summary>
internal readonly record struct TensorPlace(string Name, ElementType ElementType, long[] Shape, nint Address, long Bytes)
{
    public OrtValue AsOrtValue() => OrtValue.CreateTensorValueWithData(
        OrtMemoryInfo.DefaultInstance, (TensorElementType)(int)ElementType, Shape, Address, Bytes);
}

/// <summary>One node run by ONNX Runtime between our own steps; reads and writes the arena directly. Allocates in each run.</summary>
internal sealed class OnnxRuntimeNode : BoundKernel, IDisposable
{
    private readonly InferenceSession _session;
    private readonly string[] _inputNames;
    private readonly string[] _outputNames;
    private readonly OrtValue[] _inputs;
    private readonly OrtValue[] _outputs;
    // Held for as long as the step lives: a run whose options are finalized under it crashes.
    private readonly RunOptions _runOptions = new();

    public OnnxRuntimeNode(InferenceSession session, TensorPlace[] inputs, TensorPlace[] outputs)
    {
        _session = session;
        _inputNames = Array.ConvertAll(inputs, t => t.Name);
        _outputNames = Array.ConvertAll(outputs, t => t.Name);
        _inputs = Array.ConvertAll(inputs, t => t.AsOrtValue());
        _outputs = Array.ConvertAll(outputs, t => t.AsOrtValue());
    }

    public override string KernelName => "onnxruntime_node";

    /// <summary>A session for one node of a graph, open in all extents, so that it serves plans of all shapes.</summary>
    public static InferenceSession Compile(Graph graph, PlanNode node)
    {
        var alone = AsGraph(graph, node);
        using var options = new SessionOptions { IntraOpNumThreads = 1, InterOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        try
        {
            return new InferenceSession(OnnxWriter.ToBytes(alone), options);
        }
        catch (OnnxRuntimeException e)
        {
            throw new LoweringException($"{node} runs neither on our kernels nor on ONNX Runtime: {e.Message}");
        }
    }

    public override void Run(int part, int parts) => _session.Run(_runOptions, _inputNames, _inputs, _outputNames, _outputs);

    public void Dispose()
    {
        foreach (var value in _inputs.Concat(_outputs)) value.Dispose();
        _runOptions.Dispose();
    }

    private static Graph AsGraph(Graph graph, PlanNode node)
    {
        var alone = new Graph(node.OpType);
        foreach (var (domain, version) in graph.Opsets) alone.Opsets[domain] = version;
        alone.Functions.AddRange(graph.Functions);
        var values = node.Inputs.OfType<PlanValue>().Distinct().ToDictionary(v => v, v => Copy(alone, v));
        var outputs = node.Outputs.Select(v => new Value(v.Name) { ElementType = v.ElementType, Shape = OpenShape(v) }).ToArray();
        alone.Add(new Node(node.OpType, node.Inputs.Select(v => v is null ? null : values[v]), outputs, node.Name, node.Domain)
        {
            Attributes = WithoutOurs(node.Attributes),
            Overload = node.Source.Overload,
        });
        alone.Outputs.AddRange(outputs.Where(v => v.Name.Length > 0));
        return alone;
    }

    /// <summary>What a pass has noted for the plan's dump is no attribute of the operator.</summary>
    private static AttributeMap WithoutOurs(AttributeMap attributes)
    {
        if (!attributes.Contains(RecognizeValueAware.Reason)) return attributes;
        var plain = new AttributeMap();
        foreach (var (name, value) in attributes)
            if (name != RecognizeValueAware.Reason) plain.Add(name, value);
        return plain;
    }

    private static Value Copy(Graph alone, PlanValue value) => value is { IsModelConstant: true, Constant: { } constant }
        ? alone.AddConstant(constant, value.Name)
        : alone.AddInput(value.Name, value.ElementType, OpenShape(value));

    private static Shape OpenShape(PlanValue value) => new(value.Shape.Select(_ => Dimension.Unknown));
}
