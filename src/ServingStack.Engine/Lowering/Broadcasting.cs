using ServingStack.Kernels;
using ServingStack.Kernels.Elementwise;

namespace ServingStack.Engine.Lowering;

/// <summary>Binds the kernel of a node on two tensors.</summary>
internal delegate BoundKernel BinaryBinder(PlanNode node, BinaryOperands operands);

/// <summary>Operands that are broadcast to one shape: ONNX aligns them at the last axis, whatever the layout in memory.</summary>
internal static class Broadcasting
{
    /// <summary>Why the inputs cannot be broadcast to the output by the common rule; null when they can.</summary>
    public static string? Refusal(PlanNode node)
    {
        var shape = node.Y.Shape;
        var odd = node.Inputs.FirstOrDefault(v => v!.Shape.Length > shape.Length
            || Stretch(v.Shape, shape.Length).Where((extent, i) => extent != 1 && extent != shape[i]).Any());
        return odd is null ? null : $"'{odd.Name}' is not broadcast from its last axis";
    }

    /// <summary>Emits the steps of an operator on two inputs, or on more, one after another.</summary>
    public static void Emit(LoweringContext context, PlanNode node, BinaryBinder bind)
    {
        var rank = node.Y.Shape.Length;
        var layout = LayoutFor(context, node);
        var places = node.Inputs.Select(v => Read(context, v!, rank, layout)).ToArray();
        var extents = node.Inputs.Select(v => Extents(v!, rank, layout)).ToArray();
        var y = context.Write(node.Y, layout);
        var extentsY = layout.Extents(node.Y.Shape);
        for (var i = 1; i < places.Length; i++)
        {
            var (a, extentsA) = i == 1 ? (places[0], extents[0]) : (y, extentsY);
            var (b, extentsB) = (places[i], extents[i]);
            context.Emit(node, [a, b], [y], map => bind(node, new BinaryOperands(map[a], extentsA, map[b], extentsB, map[y], extentsY)));
        }
    }

    /// <summary>Channels last when an input of full rank lies so and all inputs of lesser rank can be read so without moving bytes.</summary>
    public static Layout LayoutFor(LoweringContext context, PlanNode node)
    {
        var rank = node.Y.Shape.Length;
        var layout = context.CommonLayout(node.Inputs.Where(v => v?.Shape.Length == rank));
        return layout == Layout.ChannelsLast && node.Inputs.All(v => v is null || IsReadable(v, rank)) ? layout : Layout.Plain;
    }

    /// <summary>Where to read an input of any rank as a tensor of <paramref name="rank"/> axes in <paramref name="layout"/>.</summary>
    public static Operand Read(LoweringContext context, PlanValue value, int rank, Layout layout)
    {
        if (value.Shape.Length == rank) return context.Read(value, layout);
        return value.IsConstant ? context.ReadConstant(value, rank, layout) : context.Read(value, Layout.Plain);
    }

    /// <summary>The extents of an input, in the order of memory, stretched to <paramref name="rank"/>.</summary>
    public static long[] Extents(PlanValue value, int rank, Layout layout) => layout.Extents(Stretch(value.Shape, rank));

    /// <summary>The shape with leading ones up to <paramref name="rank"/>.</summary>
    public static long[] Stretch(long[] shape, int rank) => [.. Enumerable.Repeat(1L, rank - shape.Length), .. shape];

    private static bool IsReadable(PlanValue value, int rank)
    {
        var shape = value.Shape;
        return value.IsConstant || shape.Length == rank || Layouts.AreSame(Stretch(shape, rank));
    }
}
