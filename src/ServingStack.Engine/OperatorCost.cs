using ServingStack.Engine.Lowering;

namespace ServingStack.Engine;

/// <summary>
/// What a node costs by its shapes: arithmetic operations (a multiply-add is two), and bytes of inputs, weights and outputs, each moved
/// once. A layer of M rows, N columns and depth K costs M·N·(2K+1), bias included.
/// </summary>
internal readonly record struct OperatorCost(long Flops, long BytesRead, long BytesWritten)
{
    private static readonly Dictionary<string, Func<PlanNode, long>> FlopsByOperator = new(StringComparer.Ordinal)
    {
        ["Conv"] = Convolution,
        ["FusedConv"] = Convolution,
        ["QConv"] = Convolution,
        ["Gemm"] = Gemm,
        ["FusedGemm"] = Gemm,
        ["QGemm"] = Gemm,
        ["MatMul"] = Gemm,
        ["EmbeddingBag"] = node => node.Inputs[1]!.ElementCount * node.X.Shape[^1],
        ["MatMulNBits"] = node => node.Y.ElementCount * 2 * node.X.Shape[^1],
        ["ValueAwareConv"] = ValueAware,
        ["ValueAwareGemm"] = ValueAware,
        ["MaxPool"] = Pool,
        ["AveragePool"] = Pool,
        ["QAveragePool"] = Pool,
        ["GlobalAveragePool"] = PerInput(1),
        ["GlobalMaxPool"] = PerInput(1),
        ["QGlobalAveragePool"] = PerInput(1),
        ["ReduceMean"] = PerInput(1),
        ["ReduceSum"] = PerInput(1),
        ["ReduceMax"] = PerInput(1),
        ["ReduceMin"] = PerInput(1),
        ["BatchNormalization"] = PerOutput(2),
        ["FusedAffine"] = PerOutput(2),
        ["QAffine"] = PerOutput(2),
        // An exponential counts as one operation, as everywhere: maximum, difference, exponential, sum, quotient.
        ["Softmax"] = PerOutput(5),
        ["LogSoftmax"] = PerOutput(5),
    };

    /// <summary>Operators that move or rename data and compute nothing.</summary>
    private static readonly HashSet<string> Moves = new(StringComparer.Ordinal)
    {
        "Concat", "QConcat", "Slice", "Pad", "Transpose", "Gather", "EmbeddingRows", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout",
        "Expand", "Tile", "Split", "Cast", "Where", "DepthToSpace", "SpaceToDepth", "ChannelShuffle", "Shape", "ConstantOfShape",
    };

    public static OperatorCost Of(PlanNode node) => new(
        FlopsByOperator.TryGetValue(node.OpType, out var flops) ? flops(node) : Moves.Contains(node.OpType) ? 0 : PerOutput(1)(node),
        BytesReadBy(node),
        node.Outputs.Where(v => v.Name.Length > 0).Sum(v => v.ByteLength));

    private static long BytesReadBy(PlanNode node)
    {
        // A lookup touches the rows that it copies, not the table.
        if (node.OpType == "EmbeddingRows") return (node.Y.ElementCount * node.Attributes.Int("bits", 8) / 8) + node.Inputs[1]!.ByteLength;
        if (node.OpType == "Gather") return node.Y.ByteLength + node.Inputs[1]!.ByteLength;
        if (node.OpType == "EmbeddingBag")
            return node.Inputs[1]!.ByteLength + (node.Inputs[1]!.ElementCount * node.X.ByteLength / Math.Max(1, node.X.Shape[0]));
        return node.Inputs.Sum(v => v?.ByteLength ?? 0);
    }

    private static long Convolution(PlanNode node)
    {
        var weights = node.Inputs[1]!.Shape;
        var depth = weights.Skip(1).Aggregate(1L, (product, extent) => product * extent);
        return node.Y.ElementCount * ((2 * depth) + BiasOf(node));
    }

    private static long Gemm(PlanNode node)
    {
        var a = node.X.Shape;
        var depth = node.Attributes.Int("transA", 0) != 0 ? a[0] : a[^1];
        return node.Y.ElementCount * ((2 * depth) + BiasOf(node));
    }

    private static long ValueAware(PlanNode node) => node.Y.ElementCount * ((2 * node.Attributes.Int("K", 0)) + BiasOf(node));

    private static long BiasOf(PlanNode node) => node.Input(2) is null ? 0 : 1;

    private static long Pool(PlanNode node)
    {
        var window = node.Attributes.Ints("kernel_shape")?.Aggregate(1L, (product, extent) => product * extent) ?? 1;
        return node.Y.ElementCount * window;
    }

    private static Func<PlanNode, long> PerInput(long factor) => node => factor * node.X.ElementCount;

    private static Func<PlanNode, long> PerOutput(long factor) => node => factor * node.Y.ElementCount;
}
