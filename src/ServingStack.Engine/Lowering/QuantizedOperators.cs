using ServingStack.Graphs;
using ServingStack.Kernels;
using ServingStack.Kernels.Elementwise;
using ServingStack.Kernels.Pooling;
using ServingStack.Kernels.Quantization;

namespace ServingStack.Engine.Lowering;

/// <summary>Operators that compute on quantized numbers with scales as attributes; layers with weights are in Convolutions and Gemms.</summary>
internal static class QuantizedOperators
{
    private delegate BoundKernel QuantizedBinder(
        BinaryOperands operands, QuantizationParameters a, QuantizationParameters b, QuantizationParameters y, float clampMin, float clampMax);

    public static IEnumerable<LoweringRow> Rows { get; } =
    [
        Row("QAdd", (context, node) => LowerBinary(context, node, QuantizedBinary.BindAdd)),
        Row("QMul", (context, node) => LowerBinary(context, node, QuantizedBinary.BindMul)),
        Row("QAffine", LowerAffine),
        Row("QConcat", LowerConcat),
        Row("QAveragePool", (context, node) => LowerPool(context, node, Pools.ProblemOf)),
        Row("QSigmoid", (context, node) => LowerUnary(context, node, "sigmoid", x => 1 / (1 + MathF.Exp(-x)))),
        Row("QGlobalAveragePool", (context, node) => LowerPool(context, node, Pools.GlobalProblemOf)),
    ];

    private static LoweringRow Row(string opType, LoweringRule rule) => new(Domains.Quantized, opType, rule);

    private static string? LowerBinary(LoweringContext context, PlanNode node, QuantizedBinder bind)
    {
        var shape = node.Y.Shape;
        var (a, b, y) = (ParametersOf(node, "a", node.X), ParametersOf(node, "b", node.Inputs[1]!), ParametersOf(node, "y", node.Y));
        var layout = Broadcasting.LayoutFor(context, node);
        var placeA = Broadcasting.Read(context, node.X, shape.Length, layout);
        var placeB = Broadcasting.Read(context, node.Inputs[1]!, shape.Length, layout);
        var shapeA = Broadcasting.Extents(node.X, shape.Length, layout);
        var shapeB = Broadcasting.Extents(node.Inputs[1]!, shape.Length, layout);
        var placeY = context.Write(node.Y, layout);
        var clampMin = node.Attributes.Float("clamp_min", float.NegativeInfinity);
        var clampMax = node.Attributes.Float("clamp_max", float.PositiveInfinity);
        context.Emit(
            node,
            [placeA, placeB],
            [placeY],
            map => bind(
                new BinaryOperands(map[placeA], shapeA, map[placeB], shapeB, map[placeY], layout.Extents(shape)), a, b, y, clampMin, clampMax));
        return null;
    }

    private static string? LowerAffine(LoweringContext context, PlanNode node)
    {
        var (reads, parts) = Normalizations.PartsOf(context, node);
        var y = context.Write(node.Y, Layout.ChannelsLast);
        var pixels = node.Y.ElementCount / node.Y.Shape[1];
        var clampMin = node.Attributes.Float("clamp_min", float.NegativeInfinity);
        var clampMax = node.Attributes.Float("clamp_max", float.PositiveInfinity);
        context.Emit(node, reads, [y], map => QuantizedAffine.Bind(
            parts(map), map[y], pixels, node.Inputs[1]!.Constant!.As<float>(), node.Inputs[2]!.Constant!.As<float>(),
            ParametersOf(node, "x", node.X), ParametersOf(node, "y", node.Y), clampMin, clampMax));
        return null;
    }

    private static string? LowerConcat(LoweringContext context, PlanNode node)
    {
        var rank = node.Y.Shape.Length;
        var layout = context.CommonLayout(node.Inputs);
        var scales = node.Attributes.Floats("x_scale") ?? throw new LoweringException($"{node} has no scales.");
        var zeroPoints = node.Attributes.Ints("x_zero_point") ?? new long[scales.Length];
        var parameters = node.Inputs.Select((v, i) => new QuantizationParameters(v!.KernelType!.Value, scales[i], (int)zeroPoints[i])).ToArray();
        var reads = node.Inputs.Select(v => context.Read(v!, layout)).ToArray();
        var shapes = node.Inputs.Select(v => layout.Extents(v!.Shape)).ToArray();
        var axis = layout.PositionOf(Axes.Normalize(node.Attributes.Int("axis", 0), rank), rank);
        var y = context.Write(node.Y, layout);
        context.Emit(
            node,
            reads,
            [y],
            map => QuantizedConcat.Bind(Array.ConvertAll(reads, r => map[r]), parameters, shapes, axis, map[y], ParametersOf(node, "y", node.Y)));
        EmitClamp(context, node, y);
        return null;
    }

    private static string? LowerPool(LoweringContext context, PlanNode node, Func<PlanNode, PoolProblem> problemOf)
    {
        if (node.X.Shape.Length is < 3 or > 5) return "one to three spatial axes are expected";
        var problem = problemOf(node);
        if (Pools.DepthProblemOf(node, problem) is not null) return "a mean over depth would be rounded twice";
        var x = context.Read(node.X, Layout.ChannelsLast);
        var y = context.Write(node.Y, Layout.ChannelsLast);
        context.Emit(
            node, [x], [y],
            map => QuantizedAveragePool.Bind(problem, ParametersOf(node, "x", node.X), ParametersOf(node, "y", node.Y), map[x], map[y]));
        EmitClamp(context, node, y);
        return null;
    }

    private static string? LowerUnary(LoweringContext context, PlanNode node, string name, Func<float, float> function)
    {
        var layout = context.HomeOf(node.X);
        var table = ByteTable.Of(ParametersOf(node, "x", node.X), ParametersOf(node, "y", node.Y), function);
        var x = context.Read(node.X, layout);
        var y = context.Write(node.Y, layout);
        context.Emit(node, [x], [y], map => TableLookup.Bind(name, table, map[x], map[y], node.X.ElementCount));
        EmitClamp(context, node, y);
        return null;
    }

    /// <summary>A fused Relu or Clip, in place, behind a kernel that does not clamp.</summary>
    private static void EmitClamp(LoweringContext context, PlanNode node, Operand y)
    {
        if (!node.Attributes.Contains("clamp_min") && !node.Attributes.Contains("clamp_max")) return;
        var low = (int)node.Attributes.Float("clamp_min", sbyte.MinValue);
        var high = (int)node.Attributes.Float("clamp_max", byte.MaxValue);
        var table = ByteTable.Clamp(node.Y.KernelType!.Value, low, high);
        context.Emit(node, [y], [y], map => TableLookup.Bind("clip", table, map[y], map[y], node.Y.ElementCount));
    }

    private static QuantizationParameters ParametersOf(PlanNode node, string prefix, PlanValue value) => new(
        value.KernelType ?? throw new LoweringException($"{node} computes on {value.ElementType}."),
        node.Attributes.Float($"{prefix}_scale", 1),
        (int)node.Attributes.Int($"{prefix}_zero_point", 0));
}
