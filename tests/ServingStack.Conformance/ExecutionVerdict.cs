using ServingStack.Engine;
using ServingStack.Graphs;
using ServingStack.Graphs.Onnx;

namespace ServingStack.Conformance;

/// <summary>What a case ran on.</summary>
internal enum ExecutionWay
{
    /// <summary>Every step on our kernels.</summary>
    Kernels,

    /// <summary>Some step on ONNX Runtime.</summary>
    Mixed,

    /// <summary>The whole model on ONNX Runtime.</summary>
    OnnxRuntime,

    /// <summary>Nothing to compute, no tensors, or refused by the reader or by ONNX Runtime too.</summary>
    NotRun,
}

/// <summary>How one run of a case went: on what, why not on our kernels, and how its outputs differ.</summary>
internal sealed record ExecutionVerdict(string Name, ExecutionWay Way, string Reason, string? Error)
{
    public static IEnumerable<ExecutionVerdict> Of(BackendCase test)
    {
        yield return Run(test, frozen: false);
        if (test.Inputs.Count > 1) yield return Run(test, frozen: true);
    }

    private static ExecutionVerdict Run(BackendCase test, bool frozen)
    {
        var name = frozen ? test.Name + " (constants)" : test.Name;
        try
        {
            var graph = OnnxReader.Load(test.Model, test.Name);
            if (graph.Inputs.Concat(graph.Outputs).Any(v => v.ContainerType is not null || v.ElementType == ElementType.String))
                return new(name, ExecutionWay.NotRun, "no tensors of numbers", null);
            var inputs = test.Inputs.Select((bytes, i) => TensorFile.Read(bytes, $"{name} input {i}")).ToArray();
            var expected = test.Outputs.Select((bytes, i) => TensorFile.Read(bytes, $"{name} output {i}")).ToArray();
            return Run(name, graph, frozen ? Freeze(graph, inputs) : inputs, expected);
        }
        catch (Exception e) when (e is GraphLoadException or InputException or NotSupportedException or Microsoft.ML.OnnxRuntime.OnnxRuntimeException)
        {
            return new(name, ExecutionWay.NotRun, e.Message, null);
        }
    }

    private static ExecutionVerdict Run(string name, Graph graph, Tensor[] inputs, Tensor[] expected)
    {
        using var model = CompiledModel.Compile(graph, new EngineOptions());
        if (model.Platform != CompiledModel.KernelsPlatform) return new(name, ExecutionWay.OnnxRuntime, model.PlatformReason, null);
        using var session = model.CreateSession();
        var plan = session.PlanFor([.. inputs.Select(t => t.Dimensions)]);
        if (plan.Steps.Count == 0) return new(name, ExecutionWay.NotRun, "nothing to compute", null);
        if (plan.Steps.FirstOrDefault(s => s.Backend != PlanStep.KernelsBackend) is { } other)
            return new(name, other.OpType == "Model" ? ExecutionWay.OnnxRuntime : ExecutionWay.Mixed, $"{other.OpType}: {other.Note}", null);
        var actual = session.Run(inputs);
        var error = actual.Select((tensor, i) => TensorComparison.Difference(expected[i], tensor)).FirstOrDefault(e => e is not null);
        return new(name, ExecutionWay.Kernels, "", error);
    }

    private static Tensor[] Freeze(Graph graph, Tensor[] inputs)
    {
        for (var i = graph.Inputs.Count - 1; i > 0; i--)
        {
            var input = graph.Inputs[i];
            (input.Constant, input.ElementType, input.Shape) = (inputs[i], inputs[i].ElementType, inputs[i].Shape);
            graph.Inputs.RemoveAt(i);
        }
        return inputs[..1];
    }
}
