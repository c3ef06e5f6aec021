using ServingStack.Graphs.ValueAware;

namespace ServingStack.Graphs.Passes;

/// <summary>Calls that look up rows of codes become <c>EmbeddingRows</c> of <see cref="Domains.Fused"/>; others that do, their
/// bodies.</summary>
public sealed class RecognizeEmbeddings : IPass
{
    public string Name => nameof(RecognizeEmbeddings);

    public bool Apply(Graph graph)
    {
        var calls = graph.Nodes.Where(n => EmbeddingFunctions.BitsOf(n) is not null).ToArray();
        foreach (var call in calls)
            if (IsTable(call)) Replace(graph, call, EmbeddingFunctions.BitsOf(call)!.Value);
            else if (graph.Functions.Find(f => f.Domain == call.Domain && f.Name == call.OpType) is { } function)
                FunctionInliner.Inline(graph, call, function.Body);
        return calls.Length > 0;
    }

    private static bool IsTable(Node call) =>
        call.Inputs.Count == 4 && call.Inputs[0]?.Constant is { ElementType: ElementType.UInt8, Rank: 2 } codes
        && call.Inputs[1]?.ElementType is ElementType.Int32 or ElementType.Int64
        && IsOneARow(call.Inputs[2], codes) && IsOneARow(call.Inputs[3], codes);

    private static bool IsOneARow(Value? value, Tensor codes) =>
        value?.Constant is { ElementType: ElementType.Float16 } numbers && numbers.ElementCount == codes.Dimensions[0];

    private static void Replace(Graph graph, Node call, int bits)
    {
        var dimension = call.Inputs[0]!.Constant!.Dimensions[1] * (8 / bits);
        var rows = new Node("EmbeddingRows", call.Inputs.ToArray(), [call.Outputs[0]], call.Name, Domains.Fused)
        {
            Attributes = new() { { "bits", (long)bits }, { "dimension", dimension } },
        };
        graph.InsertBefore(call, rows);
        graph.Remove(call);
    }
}
