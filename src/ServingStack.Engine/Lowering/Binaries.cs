using ServingStack.Graphs;
using ServingStack.Kernels;
using ServingStack.Kernels.Elementwise;

namespace ServingStack.Engine.Lowering;

/// <summary>Operators on two tensors, number by number, with broadcasting; and those that chain them over many inputs.</summary>
internal static class Binaries
{
    private delegate BoundKernel Binder(PlanNode node, BinaryOperands operands);

    public static IEnumerable<LoweringRow> Rows { get; } =
    [
        Row("", "Add", (_, o) => Binary.Bind(new Add<float>(), o)),
        Row("", "Sub", (_, o) => Binary.Bind(new Sub<float>(), o)),
        Row("", "Mul", (_, o) => Binary.Bind(new Mul<float>(), o)),
        Row("", "Div", (_, o) => Binary.Bind(new Div(), o)),
        Row("", "Pow", (_, o) => Binary.Bind(new Pow(), o)),
        Row("", "PRelu", (_, o) => Binary.Bind(new PRelu(), o)),
        Row("", "Min", (_, o) => Binary.Bind(new Min<float>(), o)),
        Row("", "Max", (_, o) => Binary.Bind(new Max<float>(), o)),
        Row("", "Sum", (_, o) => Binary.Bind(new Add<float>(), o)),
        Row(LoweringTable.Fused, "FusedAdd", FusedAdd),
    ];

    private static LoweringRow Row(string domain, string opType, Binder bind) =>
        new(domain, opType, (context, node) => Lower(context, node, bind));

    private static BoundKernel FusedAdd(PlanNode node, BinaryOperands operands) => Binary.Bind(
        new Clamped<Add<float>>(
            new Add<float>(),
            node.Attributes.Float("activation_min", float.NegativeInfinity),
            node.Attributes.Float("activation_max", float.PositiveInfinity)),
        operands);

    private static string? Lower(LoweringContext context, PlanNode node, Binder bind)
    {
        if (node.Inputs.FirstOrDefault(v => v!.ElementType != ElementType.Float32) is { } odd) return $"its input is {odd.ElementType}";
        var output = node.Y;
        var shape = output.Shape;
        if (node.Inputs.Count == 1)
        {
            context.Place(output, context.HomeOf(node.X), context.Read(node.X, context.HomeOf(node.X)));
            return null;
        }

        var layout = Broadcasting.LayoutFor(context, node);
        var places = node.Inputs.Select(v => Broadcasting.Read(context, v!, shape.Length, layout)).ToArray();
        var extents = node.Inputs.Select(v => Broadcasting.Extents(v!, shape.Length, layout)).ToArray();
        var y = context.Write(output, layout);
        var extentsY = layout.Extents(shape);
        Emit(context, node, bind, places[0], extents[0], places[1], extents[1], y, extentsY);
        for (var i = 2; i < places.Length; i++) Emit(context, node, bind, y, extentsY, places[i], extents[i], y, extentsY);
        return null;
    }

    private static void Emit(
        LoweringContext context, PlanNode node, Binder bind, Operand a, long[] shapeA, Operand b, long[] shapeB, Operand y, long[] shapeY) =>
        context.Emit(node, [a, b], [y], map => bind(node, new BinaryOperands(map[a], shapeA, map[b], shapeB, map[y], shapeY)));
}
