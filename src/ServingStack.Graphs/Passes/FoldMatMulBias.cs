namespace ServingStack.Graphs.Passes;

/// <summary>MatMul of a matrix with a constant matrix, and the Add of a constant row, are a Gemm.</summary>
public sealed class FoldMatMulBias : IPass
{
    public string Name => nameof(FoldMatMulBias);

    public bool Apply(Graph graph)
    {
        var changed = false;
        foreach (var add in graph.Nodes.Where(n => n is { OpType: "Add", Domain: "" }).ToArray())
            changed |= Fold(graph, add, 0, 1) || Fold(graph, add, 1, 0);
        return changed;
    }

    private static bool Fold(Graph graph, Node add, int product, int row)
    {
        if (add.Input(product)?.Producer is not { OpType: "MatMul", Domain: "" } matMul
            || add.Input(row) is not { Constant: { } bias } biasValue) return false;
        if (GraphEdits.OnlyConsumer(graph, matMul.Outputs[0]) != add || matMul.Inputs[0]!.Shape is not { Rank: 2 }) return false;
        if (matMul.Inputs[1]!.Shape is not { Rank: 2 } b || bias.ElementCount != bias.Dimensions.LastOrDefault(1) || bias.Rank is 0 or > 2)
            return false;
        if (!b[1].IsFixed || b[1].Value != bias.ElementCount) return false;
        var gemm = new Node("Gemm", [matMul.Inputs[0], matMul.Inputs[1], biasValue], [add.Outputs[0]], matMul.Name);
        graph.InsertBefore(add, gemm);
        graph.Remove(add);
        graph.Remove(matMul);
        return true;
    }
}
