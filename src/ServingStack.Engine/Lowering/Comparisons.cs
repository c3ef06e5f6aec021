using ServingStack.Kernels;
using ServingStack.Kernels.Elementwise;

namespace ServingStack.Engine.Lowering;

/// <summary>Operators that give or take truth values: comparisons, logic, Where.</summary>
internal static class Comparisons
{
    private delegate BoundKernel Binder(BinaryOperands operands);

    public static IEnumerable<LoweringRow> Rows { get; } =
    [
        Row("Equal", new()
        {
            [DataType.Float32] = o => Compare.Bind<float, Equal<float>>(default, o),
            [DataType.Int32] = o => Compare.Bind<int, Equal<int>>(default, o),
            [DataType.Int64] = o => Compare.Bind<long, Equal<long>>(default, o),
            [DataType.Bool] = o => Compare.Bind<byte, Equal<byte>>(default, o),
        }),
        Row("Less", new()
        {
            [DataType.Float32] = o => Compare.Bind<float, Less<float>>(default, o),
            [DataType.Int32] = o => Compare.Bind<int, Less<int>>(default, o),
            [DataType.Int64] = o => Compare.Bind<long, Less<long>>(default, o),
        }),
        Row("LessOrEqual", new()
        {
            [DataType.Float32] = o => Compare.Bind<float, LessOrEqual<float>>(default, o),
            [DataType.Int32] = o => Compare.Bind<int, LessOrEqual<int>>(default, o),
            [DataType.Int64] = o => Compare.Bind<long, LessOrEqual<long>>(default, o),
        }),
        Row("Greater", new()
        {
            [DataType.Float32] = o => Compare.Bind<float, Greater<float>>(default, o),
            [DataType.Int32] = o => Compare.Bind<int, Greater<int>>(default, o),
            [DataType.Int64] = o => Compare.Bind<long, Greater<long>>(default, o),
        }),
        Row("GreaterOrEqual", new()
        {
            [DataType.Float32] = o => Compare.Bind<float, GreaterOrEqual<float>>(default, o),
            [DataType.Int32] = o => Compare.Bind<int, GreaterOrEqual<int>>(default, o),
            [DataType.Int64] = o => Compare.Bind<long, GreaterOrEqual<long>>(default, o),
        }),
        Row("And", new() { [DataType.Bool] = o => Binary.Bind<byte, And>(default, o) }),
        Row("Or", new() { [DataType.Bool] = o => Binary.Bind<byte, Or>(default, o) }),
        Row("Xor", new() { [DataType.Bool] = o => Binary.Bind<byte, Xor>(default, o) }),
        new("", "Not", LowerNot),
        new("", "Where", LowerWhere),
    ];

    private static LoweringRow Row(string opType, Dictionary<DataType, Binder> byType) =>
        new("", opType, (context, node) => Lower(context, node, byType));

    private static string? Lower(LoweringContext context, PlanNode node, Dictionary<DataType, Binder> byType)
    {
        if (node.X.KernelType is not { } type || !byType.TryGetValue(type, out var bind)) return $"its input is {node.X.ElementType}";
        if (Broadcasting.Refusal(node) is { } reason) return reason;
        Broadcasting.Emit(context, node, (_, operands) => bind(operands));
        return null;
    }

    private static string? LowerNot(LoweringContext context, PlanNode node)
    {
        var layout = context.HomeOf(node.X);
        var x = context.Read(node.X, layout);
        var y = context.Write(node.Y, layout);
        context.Emit(node, [x], [y], map => Unary.Bind<byte, Not>(default, map[x], map[y], node.X.ElementCount));
        return null;
    }

    private static string? LowerWhere(LoweringContext context, PlanNode node)
    {
        if (node.Y.KernelType is not { } type) return $"its elements are {node.Y.ElementType}";
        if (Broadcasting.Refusal(node) is { } reason) return reason;
        var rank = node.Y.Shape.Length;
        var layout = Broadcasting.LayoutFor(context, node);
        var places = node.Inputs.Select(v => Broadcasting.Read(context, v!, rank, layout)).ToArray();
        var extents = node.Inputs.Select(v => Broadcasting.Extents(v!, rank, layout)).ToArray();
        var y = context.Write(node.Y, layout);
        var extentsY = layout.Extents(node.Y.Shape);
        context.Emit(node, places, [y], map => Where.Bind(
            type, map[places[0]], extents[0], new BinaryOperands(map[places[1]], extents[1], map[places[2]], extents[2], map[y], extentsY)));
        return null;
    }
}
