using ServingStack.Graphs;
using ServingStack.Kernels;
using ServingStack.Kernels.Embedding;

namespace ServingStack.Engine.Lowering;

/// <summary>ONNX Gather: rows of a table, along any axis.</summary>
internal static class Gathers
{
    public static IEnumerable<LoweringRow> Rows { get; } = [new("", "Gather", Lower)];

    private static string? Lower(LoweringContext context, PlanNode node)
    {
        var indices = node.Inputs[1]!;
        if (indices.KernelType is not (DataType.Int32 or DataType.Int64)) return $"its indices are {indices.ElementType}";
        if (node.X.ElementType.BitsOf() < 8) return $"its elements are {node.X.ElementType}";
        var shape = node.X.Shape;
        var (outer, length, inner) = Axes.Split(Layout.Plain, shape, Axes.Normalize(node.Attributes.Int("axis", 0), shape.Length));
        var problem = new GatherProblem(outer, length, indices.ElementCount, inner * node.X.ElementType.BitsOf() / 8);
        var data = context.Read(node.X, Layout.Plain);
        var places = context.Read(indices, Layout.Plain);
        var y = context.Write(node.Y, Layout.Plain);
        context.Emit(node, [data, places], [y], map => Gather.Bind(problem, indices.KernelType.Value, map[data], map[places], map[y]));
        return null;
    }
}
