namespace ServingStack.Graphs.Onnx;

/// <summary>
/// Raises a graph to <see cref="OnnxReader.CanonicalOpset"/>: operators whose attributes became inputs, whose defaults changed or that were
/// renamed are rewritten here, so that all other code knows one form of each. Changes that only add are no rows.
/// </summary>
internal static class OpsetUpgrade
{
    private static readonly Row[] Rows =
    [
        new("Add", 7, OpsetRewrites.BroadcastAttribute),
        new("And", 7, OpsetRewrites.BroadcastAttribute),
        new("BatchNormalization", 9, OpsetRewrites.InferenceOnly),
        new("Clip", 11, OpsetRewrites.ClipBounds),
        new("DFT", 20, OpsetRewrites.DftAxis),
        new("Div", 7, OpsetRewrites.BroadcastAttribute),
        new("Dropout", 12, OpsetRewrites.InferenceDropout),
        new("Equal", 7, OpsetRewrites.BroadcastAttribute),
        new("Gemm", 7, OpsetRewrites.BroadcastAttribute),
        new("Greater", 7, OpsetRewrites.BroadcastAttribute),
        new("GridSample", 20, OpsetRewrites.GridSampleMode),
        new("GroupNormalization", 21, site => throw site.Fail("it scales by groups, which only opsets 18 to 20 did")),
        new("Hardmax", 13, OpsetRewrites.FlattenedSoftmax),
        new("Less", 7, OpsetRewrites.BroadcastAttribute),
        new("LogSoftmax", 13, OpsetRewrites.FlattenedSoftmax),
        new("Mul", 7, OpsetRewrites.BroadcastAttribute),
        new("Or", 7, OpsetRewrites.BroadcastAttribute),
        new("Pad", 11, OpsetRewrites.PadAmounts),
        new("Pow", 7, OpsetRewrites.BroadcastAttribute),
        new("ReduceL1", 18, OpsetRewrites.Axes),
        new("ReduceL2", 18, OpsetRewrites.Axes),
        new("ReduceLogSum", 18, OpsetRewrites.Axes),
        new("ReduceLogSumExp", 18, OpsetRewrites.Axes),
        new("ReduceMax", 18, OpsetRewrites.Axes),
        new("ReduceMean", 18, OpsetRewrites.Axes),
        new("ReduceMin", 18, OpsetRewrites.Axes),
        new("ReduceProd", 18, OpsetRewrites.Axes),
        new("ReduceSum", 13, OpsetRewrites.Axes),
        new("ReduceSumSquare", 18, OpsetRewrites.Axes),
        new("Resize", 11, OpsetRewrites.ResizeAsymmetric),
        new("RoiAlign", 16, OpsetRewrites.RoiAlignMode),
        new("Scan", 9, site => throw site.Fail("it has a batch axis, which only opset 8 had")),
        new("Scatter", 11, site => site.Node.OpType = "ScatterElements"),
        new("Slice", 10, OpsetRewrites.SliceBounds),
        new("Softmax", 13, OpsetRewrites.FlattenedSoftmax),
        new("Split", 18, OpsetRewrites.SplitSizes),
        new("Squeeze", 13, OpsetRewrites.Axes),
        new("Sub", 7, OpsetRewrites.BroadcastAttribute),
        new("TopK", 10, OpsetRewrites.TopKCount),
        new("Unsqueeze", 13, OpsetRewrites.Axes),
        new("Upsample", 10, OpsetRewrites.UpsampleToResize),
        new("Xor", 7, OpsetRewrites.BroadcastAttribute),
    ];

    private static readonly Dictionary<string, Row> ByOperator = Rows.ToDictionary(r => r.OpType, StringComparer.Ordinal);

    public static void Apply(Graph model, LoadContext context)
    {
        Raise(model, context);
        foreach (var function in model.Functions) Raise(function.Body, context);
    }

    private static void Raise(Graph graph, LoadContext context)
    {
        var opset = graph.Opsets.GetValueOrDefault("", OnnxReader.CanonicalOpset);
        foreach (var node in graph.Nodes.ToArray())
        {
            foreach (var subgraph in node.Subgraphs) Raise(subgraph, context);
            if (node.Domain.Length > 0) continue;
            var site = new UpgradeSite(graph, node, opset, context);
            if (node.OpType == "Constant") OpsetRewrites.InlineConstant(site);
            else if (ByOperator.TryGetValue(node.OpType, out var row) && opset < row.Since) Rewrite(row, site);
        }
        graph.Opsets[""] = Math.Max(opset, OnnxReader.CanonicalOpset);
    }

    /// <summary>An attribute of the wrong kind shows here first; the message then names the node.</summary>
    private static void Rewrite(Row row, UpgradeSite site)
    {
        try
        {
            row.Rewrite(site);
        }
        catch (InvalidOperationException e)
        {
            throw site.Fail(e.Message);
        }
    }

    /// <param name="OpType">A standard operator.</param>
    /// <param name="Since">The opset that brought today's form; nodes of older graphs are rewritten.</param>
    private sealed record Row(string OpType, long Since, Action<UpgradeSite> Rewrite);
}
