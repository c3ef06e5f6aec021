using ServingStack.Kernels.Layout;

namespace ServingStack.Engine.Lowering;

/// <summary>ONNX Slice with constant bounds. A contiguous piece is a view.</summary>
internal static class Slices
{
    public static IEnumerable<LoweringRow> Rows { get; } = [new("", "Slice", Lower)];

    private static string? Lower(LoweringContext context, PlanNode node)
    {
        if (node.X.KernelType is not { } type) return $"its elements are {node.X.ElementType}";
        if (node.Inputs.Skip(1).Any(v => v is { IsConstant: false })) return "its bounds are not constant";
        var layout = context.HomeOf(node.X);
        var (starts, steps) = StartsAndSteps(node);
        var (shape, sizes) = (layout.Extents(node.X.Shape), layout.Extents(node.Y.Shape));
        (starts, steps) = (layout.Extents(starts), layout.Extents(steps));
        var x = context.Read(node.X, layout);
        if (ViewOffset(shape, starts, steps, sizes) is { } offset)
        {
            var size = node.Y.ByteLength / node.Y.ElementCount;
            context.Place(node.Y, layout, x.Slice(offset * size, node.Y.ByteLength));
            return null;
        }
        var y = context.Write(node.Y, layout);
        context.Emit(node, [x], [y], map => Slice.Bind(type, map[x], shape, starts, steps, sizes, map[y]));
        return null;
    }

    /// <summary>The first index and the step of every axis. ONNX clamps bounds to the axis; one axis may be named only once.</summary>
    public static (long[] Starts, long[] Steps) StartsAndSteps(PlanNode node)
    {
        var shape = node.X.Shape;
        var (starts, steps) = (new long[shape.Length], new long[shape.Length]);
        Array.Fill(steps, 1);
        var given = node.Inputs[1]!.Constant!.ToInt64s();
        var axes = node.Input(3)?.Constant!.ToInt64s() ?? [.. Enumerable.Range(0, given.Length).Select(i => (long)i)];
        var givenSteps = node.Input(4)?.Constant!.ToInt64s();
        for (var i = 0; i < given.Length; i++)
        {
            var axis = Axes.Normalize(axes[i], shape.Length);
            var start = given[i] < 0 ? given[i] + shape[axis] : given[i];
            steps[axis] = givenSteps?[i] ?? 1;
            starts[axis] = Math.Clamp(start, 0, steps[axis] > 0 ? shape[axis] : shape[axis] - 1);
        }
        return (starts, steps);
    }

    /// <summary>Elements before the piece when it is contiguous: axes before the first cut one have extent 1, those behind it are whole.</summary>
    private static long? ViewOffset(long[] shape, long[] starts, long[] steps, long[] sizes)
    {
        var cut = Array.FindIndex(shape, extent => extent != 1);
        if (cut < 0) return 0;
        for (var axis = cut; axis < shape.Length; axis++)
            if (steps[axis] != 1 || (axis > cut && sizes[axis] != shape[axis])) return null;
        return starts[cut] * Axes.Product(shape.AsSpan(cut + 1));
    }
}
