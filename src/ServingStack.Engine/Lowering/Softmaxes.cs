using ServingStack.Graphs;
using ServingStack.Kernels.Normalization;

namespace ServingStack.Engine.Lowering;

/// <summary>Softmax and LogSoftmax along one axis.</summary>
internal static class Softmaxes
{
    public static IEnumerable<LoweringRow> Rows { get; } = [new("", "Softmax", Lower), new("", "LogSoftmax", Lower)];

    private static string? Lower(LoweringContext context, PlanNode node)
    {
        var input = node.X;
        if (input.ElementType != ElementType.Float32) return $"its input is {input.ElementType}";
        var shape = input.Shape;
        if (shape.Length == 0) return "its input is a scalar";
        var layout = context.HomeOf(input);
        var (outer, length, inner) = Axes.Split(layout, shape, Axes.Normalize(node.Attributes.Int("axis", -1), shape.Length));
        var x = context.Read(input, layout);
        var y = context.Write(node.Y, layout);
        context.Emit(node, [x], [y], map => Softmax.Bind(map[x], map[y], outer, length, inner, node.OpType == "LogSoftmax"));
        return null;
    }
}
