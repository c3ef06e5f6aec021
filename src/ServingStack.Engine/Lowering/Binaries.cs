using ServingStack.Graphs;
using ServingStack.Kernels;
using ServingStack.Kernels.Elementwise;

namespace ServingStack.Engine.Lowering;

/// <summary>Arithmetic on two tensors, number by number, with broadcasting; and operators that chain it over many inputs.</summary>
internal static class Binaries
{
    public static IEnumerable<LoweringRow> Rows { get; } =
    [
        Row("Add", (_, o) => Binary.Bind<float, Add<float>>(default, o), (_, o) => Binary.Bind<int, Add<int>>(default, o), (_, o) => Binary.Bind<long, Add<long>>(default, o)),
        Row("Sub", (_, o) => Binary.Bind<float, Sub<float>>(default, o), (_, o) => Binary.Bind<int, Sub<int>>(default, o), (_, o) => Binary.Bind<long, Sub<long>>(default, o)),
        Row("Mul", (_, o) => Binary.Bind<float, Mul<float>>(default, o), (_, o) => Binary.Bind<int, Mul<int>>(default, o), (_, o) => Binary.Bind<long, Mul<long>>(default, o)),
        Row("Min", (_, o) => Binary.Bind<float, Min<float>>(default, o), (_, o) => Binary.Bind<int, Min<int>>(default, o), (_, o) => Binary.Bind<long, Min<long>>(default, o)),
        Row("Max", (_, o) => Binary.Bind<float, Max<float>>(default, o), (_, o) => Binary.Bind<int, Max<int>>(default, o), (_, o) => Binary.Bind<long, Max<long>>(default, o)),
        Row("Sum", (_, o) => Binary.Bind<float, Add<float>>(default, o)),
        Row("Div", (_, o) => Binary.Bind<float, Div>(default, o)),
        Row("Pow", (_, o) => Binary.Bind<float, Pow>(default, o)),
        Row("PRelu", (_, o) => Binary.Bind<float, PRelu>(default, o)),
        Row("FusedAdd", FusedAdd) with { Domain = Domains.Fused },
    ];

    private static LoweringRow Row(string opType, BinaryBinder single, BinaryBinder? int32 = null, BinaryBinder? int64 = null) =>
        new("", opType, (context, node) => node.X.ElementType switch
        {
            ElementType.Float32 => Lower(context, node, single),
            ElementType.Int32 => Lower(context, node, int32),
            ElementType.Int64 => Lower(context, node, int64),
            var other => $"its input is {other}",
        });

    private static BoundKernel FusedAdd(PlanNode node, BinaryOperands operands) => Binary.Bind(
        new Clamped<Add<float>>(
            new Add<float>(),
            node.Attributes.Float("activation_min", float.NegativeInfinity),
            node.Attributes.Float("activation_max", float.PositiveInfinity)),
        operands);

    private static string? Lower(LoweringContext context, PlanNode node, BinaryBinder? bind)
    {
        if (bind is null || node.Inputs.Any(v => v!.ElementType != node.X.ElementType)) return $"its inputs are {node.X.ElementType}";
        if (Broadcasting.Refusal(node) is { } reason) return reason;
        if (node.Inputs.Count == 1) context.Place(node.Y, context.HomeOf(node.X), context.Read(node.X, context.HomeOf(node.X)));
        else Broadcasting.Emit(context, node, bind);
        return null;
    }
}
