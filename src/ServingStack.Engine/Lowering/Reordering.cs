using ServingStack.Graphs;
using ServingStack.Kernels;
using KernelTranspose = ServingStack.Kernels.Layout.Transpose;

namespace ServingStack.Engine.Lowering;

/// <summary>Changes between layouts, and ONNX Transpose, which is the same work.</summary>
internal static class Reordering
{
    public static IEnumerable<LoweringRow> Rows { get; } =
        [new("", "Transpose", Transpose), new(Domains.Fused, "ChannelShuffle", ChannelShuffle)];

    /// <summary>Brings a value from one layout into the other.</summary>
    public static BoundKernel Bind(nint source, nint target, PlanValue value, Layout from, Layout to)
    {
        var order = from.Order(value.Shape.Length);
        var permutation = Array.ConvertAll(to.Order(value.Shape.Length), axis => Array.IndexOf(order, axis));
        return KernelTranspose.Bind(OfSize(value.ElementType), source, from.Extents(value.Shape), permutation, target);
    }

    private static string? Transpose(LoweringContext context, PlanNode node)
    {
        var input = node.X;
        if (input.ElementType.BitsOf() is not (8 or 16 or 32 or 64)) return $"its elements are {input.ElementType}";
        var shape = input.Shape;
        var permutation = PermutationOf(node, shape.Length);
        if (ViewOf(context, node, permutation) is { } view)
        {
            context.Place(node.Y, view, context.Read(input, context.HomeOf(input)));
            return null;
        }

        // The innermost extents of source and target decide the speed, so the source is read as it lies.
        var home = context.HomeOf(input);
        var inMemory = Array.ConvertAll(permutation, axis => home.PositionOf(axis, shape.Length));
        var x = context.Read(input, home);
        var y = context.Write(node.Y, Layout.Plain);
        context.Emit(node, [x], [y], map => KernelTranspose.Bind(OfSize(input.ElementType), map[x], home.Extents(shape), inMemory, map[y]));
        return null;
    }

    /// <summary>Pixel by pixel where the channels of one lie together, plane by plane where those of a channel do.</summary>
    private static string? ChannelShuffle(LoweringContext context, PlanNode node)
    {
        var shape = node.X.Shape;
        if (node.X.ElementType.BitsOf() is not (8 or 16 or 32 or 64)) return $"its elements are {node.X.ElementType}";
        var layout = context.HomeOf(node.X);
        var (groups, pixels) = (node.Attributes.Int("groups", 1), Axes.Product(shape.AsSpan(2)));
        var channels = shape[1] / groups;
        long[] extents = layout == Layout.ChannelsLast ? [shape[0] * pixels, groups, channels, 1] : [shape[0], groups, channels, pixels];
        var x = context.Read(node.X, layout);
        var y = context.Write(node.Y, layout);
        context.Emit(node, [x], [y], map => KernelTranspose.Bind(OfSize(node.X.ElementType), map[x], extents, [0, 2, 1, 3], map[y]));
        return null;
    }

    /// <summary>The layout of the output for which the input's bytes are already right, if there is one.</summary>
    private static Layout? ViewOf(LoweringContext context, PlanNode node, int[] permutation)
    {
        var shape = node.X.Shape;
        var stored = context.HomeOf(node.X).Order(shape.Length).Where(axis => shape[axis] != 1).ToArray();
        foreach (var layout in (ReadOnlySpan<Layout>)[Layout.Plain, Layout.ChannelsLast])
        {
            var wanted = layout.Order(shape.Length).Select(axis => permutation[axis]).Where(axis => shape[axis] != 1);
            if (wanted.SequenceEqual(stored)) return layout;
        }
        return null;
    }

    private static int[] PermutationOf(PlanNode node, int rank) =>
        node.Attributes.Ints("perm") is { } axes ? Array.ConvertAll(axes, axis => (int)axis) : [.. Enumerable.Range(0, rank).Reverse()];

    /// <summary>A type of the same size that the kernel knows: moving bytes does not look into them.</summary>
    private static DataType OfSize(ElementType type) => type.BitsOf() switch
    {
        8 => DataType.UInt8,
        16 => DataType.Float16,
        32 => DataType.Float32,
        _ => DataType.Int64,
    };
}
