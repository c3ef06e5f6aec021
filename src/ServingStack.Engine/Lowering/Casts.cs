using ServingStack.Kernels.Elementwise;

namespace ServingStack.Engine.Lowering;

/// <summary>Changes of the element type.</summary>
internal static class Casts
{
    public static IEnumerable<LoweringRow> Rows { get; } = [new("", "Cast", Lower), new("", "CastLike", Lower)];

    private static string? Lower(LoweringContext context, PlanNode node)
    {
        if (node.X.KernelType is not { } from || node.Y.KernelType is not { } to)
            return $"it goes from {node.X.ElementType} to {node.Y.ElementType}";
        var layout = context.HomeOf(node.X);
        var x = context.Read(node.X, layout);
        if (from == to)
        {
            context.Place(node.Y, layout, x);
            return null;
        }
        var y = context.Write(node.Y, layout);
        context.Emit(node, [x], [y], map => Cast.Bind(from, to, map[x], map[y], node.X.ElementCount));
        return null;
    }
}
