using ServingStack.Graphs.Passes.Quantized;

namespace ServingStack.Graphs.Passes;

/// <summary>
/// Rewrites DequantizeLinear -> operator -> QuantizeLinear islands to operators on integers in <see cref="Domains.Quantized"/>. Operators
/// that only move or compare elements keep their ONNX name and move to the integer side. QLinearConv and QLinearMatMul become the same
/// operators. Jacob et al. 2018 (arXiv 1712.05877), section 2, for the arithmetic.
/// </summary>
public sealed class RecognizeQuantized : IPass
{
    private static readonly Dictionary<string, Func<Graph, Node, bool>> Rules = new(StringComparer.Ordinal)
    {
        ["Add"] = (g, n) => QuantizedOperators.Binary(g, n, "QAdd"),
        ["AveragePool"] = (g, n) => QuantizedOperators.Unary(g, n, "QAveragePool"),
        ["Clip"] = DequantizeSinking.Clamp,
        ["Concat"] = (g, n) => DequantizeSinking.Concat(g, n) || QuantizedOperators.Concat(g, n),
        ["Conv"] = QuantizedLayers.Conv,
        ["DepthToSpace"] = DequantizeSinking.Move,
        ["Expand"] = DequantizeSinking.Move,
        ["Flatten"] = DequantizeSinking.Move,
        ["Gather"] = DequantizeSinking.Move,
        ["Gemm"] = QuantizedLayers.Gemm,
        ["GlobalAveragePool"] = (g, n) => QuantizedOperators.Unary(g, n, "QGlobalAveragePool"),
        ["GlobalMaxPool"] = DequantizeSinking.Move,
        ["Identity"] = DequantizeSinking.Move,
        ["MatMul"] = QuantizedLayers.MatMul,
        ["MaxPool"] = DequantizeSinking.Move,
        ["Mul"] = (g, n) => QuantizedOperators.Binary(g, n, "QMul") || QuantizedOperators.Affine(g, n),
        ["Pad"] = DequantizeSinking.Pad,
        ["QLinearConv"] = QLinearOperators.Conv,
        ["QLinearMatMul"] = QLinearOperators.MatMul,
        ["QuantizeLinear"] = CancelPair,
        ["Relu"] = DequantizeSinking.Clamp,
        ["Reshape"] = DequantizeSinking.Move,
        ["Sigmoid"] = (g, n) => QuantizedOperators.Unary(g, n, "QSigmoid"),
        ["Slice"] = DequantizeSinking.Move,
        ["SpaceToDepth"] = DequantizeSinking.Move,
        ["Squeeze"] = DequantizeSinking.Move,
        ["Tile"] = DequantizeSinking.Move,
        ["Transpose"] = DequantizeSinking.Move,
        ["Unsqueeze"] = DequantizeSinking.Move,
    };

    public string Name => nameof(RecognizeQuantized);

    public bool Apply(Graph graph)
    {
        var changed = false;
        foreach (var node in graph.Nodes.ToArray())
            if (node.Domain.Length == 0 && Rules.TryGetValue(node.OpType, out var rule) && node.Outputs[0].Producer == node)
                changed |= rule(graph, node);
        // What the sinking of DequantizeLinear has brought together with a QuantizeLinear that was passed before.
        foreach (var node in graph.Nodes.Where(n => n is { OpType: "QuantizeLinear", Domain: "" }).ToArray())
            changed |= CancelPair(graph, node);
        return new EliminateDeadNodes().Apply(graph) || changed;
    }

    /// <summary>Quantizing what was dequantized with the same scale and zero point gives the same integers.</summary>
    private static bool CancelPair(Graph graph, Node quantize) =>
        QuantizedSource.Of(quantize.Input(0)) is { } source && Quantizer.Of(quantize) is { } target
        && source.Scale == target.Scale && source.ZeroPoint == target.ZeroPoint && source.Value.ElementType == target.ElementType
        && GraphEdits.Bypass(graph, quantize, source.Value);
}
