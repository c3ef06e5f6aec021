namespace ServingStack.Graphs.Passes;

/// <summary>
/// Rows that indices look up in a constant table [rows, width], added up or averaged along the indices' last axis: one <c>EmbeddingBag</c>
/// of <see cref="Domains.Fused"/>. A table of bytes with one scale, or one a row, stays so, whether DequantizeLinear stands in front of
/// Gather or behind it; of such a table single rows are taken too.
/// </summary>
public sealed class FuseEmbeddingBags : IPass
{
    /// <summary>A table, and what makes floats of its bytes; null scale where it holds floats.</summary>
    private sealed record Source(Value Table, Value? Scale, Value? ZeroPoint);

    public string Name => nameof(FuseEmbeddingBags);

    public bool Apply(Graph graph)
    {
        var changed = false;
        foreach (var gather in graph.Nodes.Where(n => n is { OpType: "Gather", Domain: "" }).ToArray()) changed |= Fuse(graph, gather);
        return changed;
    }

    private static bool Fuse(Graph graph, Node gather)
    {
        var dequantize = DequantizeBehind(graph, gather);
        if (!IsLookup(gather) || SourceOf(gather, dequantize) is not { } source) return false;
        var found = dequantize ?? gather;
        var reduce = PoolBehind(graph, found, gather.Inputs[1]!.Shape!);
        // Single rows of floats are copied well enough.
        if (reduce is null && source.Scale is null) return false;
        Replace(graph, gather.Inputs[1]!, source, reduce ?? found, reduce);
        return true;
    }

    private static void Replace(Graph graph, Value indices, Source source, Node last, Node? reduce)
    {
        Value?[] inputs = source.Scale is null ? [source.Table, indices] : [source.Table, indices, source.Scale, source.ZeroPoint];
        var bag = new Node("EmbeddingBag", inputs, [last.Outputs[0]], last.Name, Domains.Fused)
        {
            Attributes = new() { { "pooling", PoolingOf(reduce) } },
        };
        if (reduce is not null) bag.Attributes.Add("keepdims", reduce.Attributes.Int("keepdims", 1));
        graph.InsertBefore(last, bag);
        GraphEdits.RemoveWithUnusedInputs(graph, last);
    }

    private static string PoolingOf(Node? reduce) => reduce?.OpType switch { null => "none", "ReduceMean" => "mean", _ => "sum" };

    private static bool IsLookup(Node gather) =>
        gather.Attributes.Int("axis", 0) == 0 && gather.Inputs[1] is { ElementType: ElementType.Int32 or ElementType.Int64, Shape: not null };

    private static Source? SourceOf(Node gather, Node? behind)
    {
        var table = gather.Inputs[0]!;
        // Bytes that are looked up first must have the same scale in all rows.
        if (behind is not null) return behind.Input(1)?.Constant is { ElementCount: 1 } ? Quantized(behind, table) : null;
        if (table.Constant is { ElementType: ElementType.Float32, Rank: 2 }) return new(table, null, null);
        return table.Producer is { OpType: "DequantizeLinear", Domain: "" } before ? Quantized(before, before.Inputs[0]!) : null;
    }

    private static Source? Quantized(Node dequantize, Value table)
    {
        if (table.Constant is not { ElementType: ElementType.UInt8 or ElementType.Int8, Rank: 2 } bytes) return null;
        if (dequantize.Input(1)?.Constant is not { ElementType: ElementType.Float32 } scale) return null;
        if (dequantize.Input(2) is { } zero && zero.Constant?.ElementCount != scale.ElementCount) return null;
        var byRow = scale.Rank == 1 && scale.ElementCount == bytes.Dimensions[0] && dequantize.Attributes.Int("axis", 1) is 0 or -2;
        return scale.ElementCount == 1 || byRow ? new(table, dequantize.Inputs[1], dequantize.Input(2)) : null;
    }

    private static Node? DequantizeBehind(Graph graph, Node gather) =>
        GraphEdits.OnlyConsumer(graph, gather.Outputs[0]) is { OpType: "DequantizeLinear", Domain: "" } node
        && node.Inputs[0] == gather.Outputs[0] ? node : null;

    /// <summary>The sum or mean over the last axis of the indices, all of which a row then takes the place of.</summary>
    private static Node? PoolBehind(Graph graph, Node found, Shape indices)
    {
        if (indices.Rank == 0 || GraphEdits.OnlyConsumer(graph, found.Outputs[0]) is not { Domain: "" } reduce) return null;
        if (reduce.OpType is not ("ReduceSum" or "ReduceMean") || reduce.Input(1)?.Constant is not { ElementCount: 1 } axes) return null;
        // A mean of nothing is no number in ONNX, and zero in a bag.
        var bag = indices[indices.Rank - 1];
        if (reduce.OpType == "ReduceMean" && !(bag.IsFixed && bag.Value > 0)) return null;
        var axis = axes.ToInt64s()[0];
        return (axis < 0 ? axis + indices.Rank + 1 : axis) == indices.Rank - 1 ? reduce : null;
    }
}
