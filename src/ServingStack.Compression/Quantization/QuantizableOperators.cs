using ServingStack.Graphs;

namespace ServingStack.Compression.Quantization;

/// <summary>What role an operator plays in a quantized graph.</summary>
internal enum QuantizedRole
{
    /// <summary>Stays in floats.</summary>
    None,

    /// <summary>Weights times activations: where eight bits pay; always quantized.</summary>
    Layer,

    /// <summary>Computes on quantized numbers and gives others, of a range of their own.</summary>
    Arithmetic,

    /// <summary>Moves or compares numbers: what comes out has the scale of what went in.</summary>
    Move,

    /// <summary>A clamp, or the addend of a normalization, which belongs to the operator before it.</summary>
    Activation,
}

/// <summary>The roles of the operators. All but layers are quantized only where what they read comes from quantized operators
/// already.</summary>
internal static class QuantizableOperators
{
    private static readonly Dictionary<string, QuantizedRole> Roles = new(StringComparer.Ordinal)
    {
        ["Conv"] = QuantizedRole.Layer,
        ["Gemm"] = QuantizedRole.Layer,
        ["MatMul"] = QuantizedRole.Layer,
        ["Add"] = QuantizedRole.Arithmetic,
        ["AveragePool"] = QuantizedRole.Arithmetic,
        ["Concat"] = QuantizedRole.Arithmetic,
        ["GlobalAveragePool"] = QuantizedRole.Arithmetic,
        ["Mul"] = QuantizedRole.Arithmetic,
        ["Flatten"] = QuantizedRole.Move,
        ["GlobalMaxPool"] = QuantizedRole.Move,
        ["Identity"] = QuantizedRole.Move,
        ["MaxPool"] = QuantizedRole.Move,
        ["Reshape"] = QuantizedRole.Move,
        ["Slice"] = QuantizedRole.Move,
        ["Squeeze"] = QuantizedRole.Move,
        ["Transpose"] = QuantizedRole.Move,
        ["Unsqueeze"] = QuantizedRole.Move,
        ["Clip"] = QuantizedRole.Activation,
        ["Relu"] = QuantizedRole.Activation,
    };

    public static QuantizedRole RoleOf(Node node) =>
        node.Domain.Length > 0 ? QuantizedRole.None
        : IsAffineSum(node) ? QuantizedRole.Activation
        : Roles.GetValueOrDefault(node.OpType);

    /// <summary>A product with a constant, whose sum with another is read by nothing else: normalization in front of a layer.</summary>
    public static bool IsAffineProduct(Node node) =>
        node is { OpType: "Mul", Domain: "", Inputs: [{ Constant: null }, { IsConstant: true }] }
        && node.Outputs[0].Consumers is [{ OpType: "Add", Domain: "" } sum] && sum.Inputs[0] == node.Outputs[0] && sum.Inputs[1]!.IsConstant;

    private static bool IsAffineSum(Node node) =>
        node.OpType == "Add" && node.Inputs[0]?.Producer is { } product && IsAffineProduct(product);

    /// <summary>The indices of a node's inputs that are activations; the others are weights, shapes, bounds.</summary>
    public static IEnumerable<int> Activations(Node node) => RoleOf(node) switch
    {
        QuantizedRole.Arithmetic when IsAffineProduct(node) => [0],
        QuantizedRole.Arithmetic => Enumerable.Range(0, node.Inputs.Count),
        QuantizedRole.None => [],
        _ => [0],
    };

    /// <summary>The axis of a layer's weights that numbers its outputs; null where the weights cannot be quantized a channel.</summary>
    public static int? ChannelAxis(Node layer)
    {
        if (layer.Input(1)?.Constant is not { ElementType: ElementType.Float32 } weights) return null;
        if (layer.Input(2) is { } bias && bias.Constant is not { ElementType: ElementType.Float32, Rank: 1 }) return null;
        return layer.OpType switch
        {
            "Conv" => 0,
            "MatMul" when weights.Rank == 2 => 1,
            "Gemm" when layer.Attributes.Float("alpha", 1) == 1 && layer.Attributes.Float("beta", 1) == 1
                && layer.Attributes.Int("transA", 0) == 0
                => layer.Attributes.Int("transB", 0) != 0 ? 0 : 1,
            _ => null,
        };
    }
}
