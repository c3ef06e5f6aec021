using ServingStack.Graphs.ValueAware;

namespace ServingStack.Graphs.Passes;

/// <summary>Calls that look up rows of codes become <c>EmbeddingRows</c> of <see cref="Domains.Fused"/>; others that do, their bodies.</summary>
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

    private static bool IsTable(Node call) => call.Inputs is [{ Constant: { ElementType: ElementType.UInt8, Rank: 2 } codes },
            { ElementType: ElementType.Int32 or ElementType.Int64 }, { Constant: { ElementType: ElementType.Float16 } scales },
            { Constant: { ElementType: ElementType.Float16 } biases }]
        && scales.ElementCount == codes.Dimensions[0] && biases.ElementCount == codes.Dimensions[0];

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
