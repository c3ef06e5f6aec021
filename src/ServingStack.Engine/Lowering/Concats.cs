using ServingStack.Kernels.Layout;

namespace ServingStack.Engine.Lowering;

/// <summary>Concat and Split along one axis.</summary>
internal static class Concats
{
    public static IEnumerable<LoweringRow> Rows { get; } = [new("", "Concat", LowerConcat), new("", "Split", LowerSplit)];

    private static string? LowerConcat(LoweringContext context, PlanNode node)
    {
        var output = node.Y;
        if (output.KernelType is not { } type) return $"its elements are {output.ElementType}";
        var rank = output.Shape.Length;
        var layout = context.CommonLayout(node.Inputs);
        var pieces = node.Inputs.Where(v => v!.ElementCount > 0).ToArray();
        var reads = Array.ConvertAll(pieces, v => context.Read(v!, layout));
        var shapes = Array.ConvertAll(pieces, v => layout.Extents(v!.Shape));
        var axis = layout.PositionOf(Axes.Normalize(node.Attributes.Int("axis", 0), rank), rank);
        var y = context.Write(output, layout);
        context.Emit(node, reads, [y], map => Concat.Bind(type, Array.ConvertAll(reads, r => map[r]), shapes, axis, map[y]));
        return null;
    }

    private static string? LowerSplit(LoweringContext context, PlanNode node)
    {
        var input = node.X;
        if (input.KernelType is not { } type) return $"its elements are {input.ElementType}";
        if (node.Outputs.Any(v => v.Name.Length == 0 || v.ElementCount == 0)) return "one of its outputs is empty or left out";
        var rank = input.Shape.Length;
        var layout = context.HomeOf(input);
        var axis = layout.PositionOf(Axes.Normalize(node.Attributes.Int("axis", 0), rank), rank);
        var x = context.Read(input, layout);
        var writes = node.Outputs.Select(v => context.Write(v, layout)).ToArray();
        var shapes = node.Outputs.Select(v => layout.Extents(v.Shape)).ToArray();
        context.Emit(node, [x], writes, map => Concat.BindSplit(type, map[x], Array.ConvertAll(writes, w => map[w]), shapes, axis));
        return null;
    }
}
