using ServingStack.Graphs;
using ServingStack.Kernels;
using ServingStack.Kernels.Elementwise;
using ServingStack.Kernels.Quantization;

namespace ServingStack.Engine.Lowering;

/// <summary>Operators that map each number on its own: they take any layout and keep it.</summary>
internal static class Unaries
{
    private delegate BoundKernel Binder(AttributeMap attributes, nint x, nint y, long count);

    public static IEnumerable<LoweringRow> Rows { get; } =
    [
        Row("Relu", (_, x, y, count) => Unary.Bind(new Relu(), x, y, count)),
        Row("LeakyRelu", (a, x, y, count) => Unary.Bind(new LeakyRelu(a.Float("alpha", 0.01f)), x, y, count)),
        Row("Sigmoid", (_, x, y, count) => Unary.Bind(new Sigmoid(), x, y, count)),
        Row("Tanh", (_, x, y, count) => Unary.Bind(new Tanh(), x, y, count)),
        Row("Exp", (_, x, y, count) => Unary.Bind(new Exp(), x, y, count)),
        Row("Log", (_, x, y, count) => Unary.Bind(new Log(), x, y, count)),
        Row("Sqrt", (_, x, y, count) => Unary.Bind(new Sqrt(), x, y, count)),
        Row("Neg", (_, x, y, count) => Unary.Bind(new Neg<float>(), x, y, count)),
        Row("Abs", (_, x, y, count) => Unary.Bind(new Abs<float>(), x, y, count)),
        Row("Erf", (_, x, y, count) => Unary.Bind(new Erf(), x, y, count)),
        Row("Gelu", (a, x, y, count) => a.String("approximate", "none") == "tanh"
            ? Unary.Bind(new GeluTanh(), x, y, count)
            : Unary.Bind(new Gelu(), x, y, count)),
        Row("HardSigmoid", (a, x, y, count) => Unary.Bind(new HardSigmoid(a.Float("alpha", 0.2f), a.Float("beta", 0.5f)), x, y, count)),
        Row("HardSwish", (_, x, y, count) => Unary.Bind(new HardSwish(), x, y, count)),
        Row("Elu", (a, x, y, count) => Unary.Bind(new Elu(a.Float("alpha", 1)), x, y, count)),
        Row("Softplus", (_, x, y, count) => Unary.Bind(new Softplus(), x, y, count)),
        Row("Floor", (_, x, y, count) => Unary.Bind(new Floor(), x, y, count)),
        Row("Ceil", (_, x, y, count) => Unary.Bind(new Ceil(), x, y, count)),
        Row("Round", (_, x, y, count) => Unary.Bind(new Round(), x, y, count)),
        Row("Reciprocal", (_, x, y, count) => Unary.Bind(new Reciprocal(), x, y, count)),
        new("", "Clip", Clip),
    ];

    private static LoweringRow Row(string opType, Binder bind) => new("", opType, (context, node) => Lower(context, node, bind));

    private static string? Clip(LoweringContext context, PlanNode node)
    {
        if (node.Input(1) is { IsConstant: false } || node.Input(2) is { IsConstant: false }) return "its bounds are not constant";
        if (node.X.KernelType is DataType.UInt8 or DataType.Int8) return ClipBytes(context, node);
        if (node.X.ElementType != ElementType.Float32) return $"its input is {node.X.ElementType}";
        var low = node.Input(1)?.Constant!.As<float>()[0] ?? float.NegativeInfinity;
        var high = node.Input(2)?.Constant!.As<float>()[0] ?? float.PositiveInfinity;
        return Lower(context, node, (_, x, y, count) => Unary.Bind(new Clip(low, high), x, y, count));
    }

    private static string? ClipBytes(LoweringContext context, PlanNode node)
    {
        var low = (int)(node.Input(1)?.Constant!.ToInt64s()[0] ?? sbyte.MinValue);
        var high = (int)(node.Input(2)?.Constant!.ToInt64s()[0] ?? byte.MaxValue);
        var table = ByteTable.Clamp(node.X.KernelType!.Value, low, high);
        var layout = context.HomeOf(node.X);
        var x = context.Read(node.X, layout);
        var y = context.Write(node.Y, layout);
        context.Emit(node, [x], [y], map => TableLookup.Bind("clip", table, map[x], map[y], node.X.ElementCount));
        return null;
    }

    private static string? Lower(LoweringContext context, PlanNode node, Binder bind)
    {
        var input = node.X;
        if (input.ElementType != ElementType.Float32) return $"its input is {input.ElementType}";
        var layout = context.HomeOf(input);
        var x = context.Read(input, layout);
        var y = context.Write(node.Y, layout);
        var count = input.ElementCount;
        context.Emit(node, [x], [y], map => bind(node.Attributes, map[x], map[y], count));
        return null;
    }
}
