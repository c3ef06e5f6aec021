namespace ServingStack.Engine.Lowering;

/// <summary>Emits the steps of a node, or says why our kernels do not take it and emits nothing.</summary>
/// <returns>Null when the node is lowered, else the reason of the refusal.</returns>
internal delegate string? LoweringRule(LoweringContext context, PlanNode node);

/// <summary>Which rule lowers which operator.</summary>
internal sealed record LoweringRow(string Domain, string OpType, LoweringRule Rule);

/// <summary>Every operator that has kernels of ours. What is not here runs on ONNX Runtime, visibly.</summary>
internal static class LoweringTable
{
    public static IReadOnlyList<LoweringRow> Rows { get; } =
    [
        .. Convolutions.Rows,
        .. Gemms.Rows,
        .. LowBitGemms.Rows,
        .. ValueAwareLayers.Rows,
        .. Pools.Rows,
        .. Unaries.Rows,
        .. Binaries.Rows,
        .. Softmaxes.Rows,
        .. Concats.Rows,
        .. Reordering.Rows,
        .. Quantizations.Rows,
        .. QuantizedOperators.Rows,
        .. Comparisons.Rows,
        .. Reductions.Rows,
        .. Normalizations.Rows,
        .. Gathers.Rows,
        .. EmbeddingBags.Rows,
        .. EmbeddingLookups.Rows,
        .. Recurrents.Rows,
        .. Slices.Rows,
        .. Pads.Rows,
        .. Expansions.Rows,
        .. Casts.Rows,
        .. Views.Rows,
    ];

    private static readonly Dictionary<(string Domain, string OpType), LoweringRule> Rules =
        Rows.ToDictionary(r => (r.Domain, r.OpType), r => r.Rule);

    /// <summary>Lowers a node by its row; returns the reason where there is none or the rule refuses.</summary>
    public static string? Lower(LoweringContext context, PlanNode node) =>
        Rules.TryGetValue((node.Domain, node.OpType), out var rule) ? rule(context, node) : "no kernel for this operator";
}
