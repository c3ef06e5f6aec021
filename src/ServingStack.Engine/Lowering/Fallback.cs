using ServingStack.Engine.OnnxRuntime;
using ServingStack.Graphs;

namespace ServingStack.Engine.Lowering;

/// <summary>A node on ONNX Runtime, inside a plan of our own: for operators that have no kernel yet. Marked and counted in the plan.</summary>
internal static class Fallback
{
    private sealed record Key(string Output);

    public static void Lower(LoweringContext context, Graph graph, PlanNode node, string reason)
    {
        if (node.Source.Subgraphs.Any()) throw new LoweringException($"{node} has branches or a body of its own.");
        if (node.Domain is Domains.Quantized or Domains.Fused)
            throw new LoweringException($"{node} is no operator of ONNX, and our kernels refuse it: {reason}.");
        var inputs = node.Inputs.OfType<PlanValue>().Where(v => !v.IsModelConstant).Distinct().ToArray();
        var outputs = node.Outputs.Where(v => v.Name.Length > 0).ToArray();
        var shapesIn = Array.ConvertAll(inputs, v => v.Shape);
        var shapesOut = Array.ConvertAll(outputs, v => v.Shape);
        var session = context.Weights.GetOrAdd(new Key(outputs[0].Name), () => OnnxRuntimeNode.Compile(graph, node));
        var reads = Array.ConvertAll(inputs, v => context.Read(v, Layout.Plain));
        var writes = Array.ConvertAll(outputs, v => context.Write(v, Layout.Plain));
        context.Emit(
            node,
            PlanStep.OnnxRuntimeBackend,
            reads,
            writes,
            map => new OnnxRuntimeNode(
                session,
                [.. inputs.Select((v, i) => new TensorPlace(v.Name, v.ElementType, shapesIn[i], map[reads[i]], reads[i].Bytes))],
                [.. outputs.Select((v, i) => new TensorPlace(v.Name, v.ElementType, shapesOut[i], map[writes[i]], writes[i].Bytes))]),
            reason);
    }
}
