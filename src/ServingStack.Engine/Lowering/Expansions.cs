using ServingStack.Kernels.Layout;

namespace ServingStack.Engine.Lowering;

/// <summary>Operators that repeat data: Expand and Tile.</summary>
internal static class Expansions
{
    public static IEnumerable<LoweringRow> Rows { get; } = [new("", "Expand", LowerExpand), new("", "Tile", LowerTile)];

    private static string? LowerExpand(LoweringContext context, PlanNode node)
    {
        if (node.X.KernelType is not { } type) return $"its elements are {node.X.ElementType}";
        var x = context.Read(node.X, Layout.Plain);
        if (node.X.Shape.SequenceEqual(node.Y.Shape))
        {
            context.Place(node.Y, Layout.Plain, x);
            return null;
        }
        var y = context.Write(node.Y, Layout.Plain);
        context.Emit(node, [x], [y], map => Expand.Bind(type, map[x], node.X.Shape, node.Y.Shape, map[y]));
        return null;
    }

    private static string? LowerTile(LoweringContext context, PlanNode node)
    {
        if (node.X.KernelType is not { } type) return $"its elements are {node.X.ElementType}";
        var repeats = node.X.Shape.Zip(node.Y.Shape, (extent, repeated) => repeated / extent).ToArray();
        var x = context.Read(node.X, Layout.Plain);
        var y = context.Write(node.Y, Layout.Plain);
        context.Emit(node, [x], [y], map => Expand.BindTile(type, map[x], node.X.Shape, repeats, map[y]));
        return null;
    }
}
