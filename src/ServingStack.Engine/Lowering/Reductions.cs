using ServingStack.Graphs;
using ServingStack.Kernels;
using ServingStack.Kernels.Reduction;

namespace ServingStack.Engine.Lowering;

/// <summary>Reductions of floats over axes that are neighbours in memory, ArgMax and ArgMin.</summary>
internal static class Reductions
{
    private delegate BoundKernel Binder(nint x, nint y, long outer, long length, long inner);

    public static IEnumerable<LoweringRow> Rows { get; } =
    [
        Row("ReduceSum", (x, y, outer, length, inner) => Reduce.Bind(new Sum(), x, y, outer, length, inner)),
        Row("ReduceMean", (x, y, outer, length, inner) => Reduce.Bind(new Mean(), x, y, outer, length, inner)),
        Row("ReduceMax", (x, y, outer, length, inner) => Reduce.Bind(new Max(), x, y, outer, length, inner)),
        Row("ReduceMin", (x, y, outer, length, inner) => Reduce.Bind(new Min(), x, y, outer, length, inner)),
        Row("ReduceSumSquare", (x, y, outer, length, inner) => Reduce.Bind(new SumSquare(), x, y, outer, length, inner)),
        Row("ReduceL2", (x, y, outer, length, inner) => Reduce.Bind(new L2(), x, y, outer, length, inner)),
        new("", "ArgMax", LowerArgMax),
        new("", "ArgMin", LowerArgMax),
    ];

    private static LoweringRow Row(string opType, Binder bind) => new("", opType, (context, node) => Lower(context, node, bind));

    private static string? Lower(LoweringContext context, PlanNode node, Binder bind)
    {
        if (node.X.ElementType != ElementType.Float32) return $"its input is {node.X.ElementType}";
        if (node.X.ElementCount == 0) return "its input is empty";
        if (node.Input(1) is { IsConstant: false }) return "its axes are not constant";
        if (AxesOf(node) is not { Length: > 0 } axes) return "it reduces no axis";
        var layout = FittingLayout(context, node, axes);
        if (layout is not { } fitting) return "its axes are no neighbours";
        var (outer, length, inner) = Split(fitting, node.X.Shape, axes)!.Value;
        var x = context.Read(node.X, fitting);
        var y = context.Write(node.Y, node.Y.Shape.Length == node.X.Shape.Length ? fitting : Layout.Plain);
        context.Emit(node, [x], [y], map => bind(map[x], map[y], outer, length, inner));
        return null;
    }

    private static string? LowerArgMax(LoweringContext context, PlanNode node)
    {
        if (node.X.KernelType is not (DataType.Float32 or DataType.UInt8 or DataType.Int8)) return $"its input is {node.X.ElementType}";
        if (node.X.Shape.Length == 0 || node.X.ElementCount == 0) return "its input has no axis";
        var type = node.X.KernelType.Value;
        var (outer, length, inner) = Axes.Split(
            Layout.Plain, node.X.Shape, Axes.Normalize(node.Attributes.Int("axis", 0), node.X.Shape.Length));
        var last = node.Attributes.Int("select_last_index", 0) != 0;
        var x = context.Read(node.X, Layout.Plain);
        var y = context.Write(node.Y, Layout.Plain);
        context.Emit(node, [x], [y], map => ArgMax.Bind(type, map[x], map[y], outer, length, inner, node.OpType == "ArgMin", last));
        return null;
    }

    /// <summary>The axes, ascending; all when none are named, unless the operator then does nothing.</summary>
    private static int[] AxesOf(PlanNode node)
    {
        var rank = node.X.Shape.Length;
        if (node.Input(1)?.Constant is { ElementCount: > 0 } given) return [.. given.ToInt64s().Select(axis => Axes.Normalize(axis, rank)).Order()];
        return node.Attributes.Int("noop_with_empty_axes", 0) != 0 ? [] : [.. Enumerable.Range(0, rank)];
    }

    /// <summary>The home layout when the reduced axes are neighbours in it, else the plain one, else null.</summary>
    private static Layout? FittingLayout(LoweringContext context, PlanNode node, int[] axes)
    {
        var home = context.HomeOf(node.X);
        var keepsRank = node.Y.Shape.Length == node.X.Shape.Length;
        if (Split(home, node.X.Shape, axes) is not null && (keepsRank || KeepsOrder(home, node.X.Shape, axes))) return home;
        return Split(Layout.Plain, node.X.Shape, axes) is null ? null : Layout.Plain;
    }

    /// <summary>Whether the axes that remain lie in memory as ONNX counts them, so that dropping the others gives the plain layout.</summary>
    private static bool KeepsOrder(Layout layout, long[] shape, int[] axes)
    {
        var remaining = layout.Order(shape.Length).Where(axis => shape[axis] != 1 && !axes.Contains(axis)).ToArray();
        return remaining.SequenceEqual(remaining.Order());
    }

    /// <summary>The tensor as [outer, reduced, inner]; null when another axis lies between reduced ones.</summary>
    private static (long Outer, long Length, long Inner)? Split(Layout layout, long[] shape, int[] axes)
    {
        var order = layout.Order(shape.Length).Where(axis => shape[axis] != 1).ToArray();
        var first = Array.FindIndex(order, axes.Contains);
        var last = Array.FindLastIndex(order, axes.Contains);
        if (first < 0) return (Axes.Product(shape), 1, 1);
        if (order[first..(last + 1)].Any(axis => !axes.Contains(axis))) return null;
        long Extent(IEnumerable<int> part) => part.Aggregate(1L, (product, axis) => product * shape[axis]);
        return (Extent(order[..first]), Extent(order[first..(last + 1)]), Extent(order[(last + 1)..]));
    }
}
