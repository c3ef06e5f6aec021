namespace ServingStack.Engine.Lowering;

/// <summary>Layouts of operands that are broadcast to one shape: ONNX aligns them at the last axis, whatever the layout in memory.</summary>
internal static class Broadcasting
{
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
