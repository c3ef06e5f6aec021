using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>Operators that sample images: GridSample, AffineGrid, RoiAlign, MaxRoiPool, MaxUnpool, CenterCropPad, Col2Im.</summary>
internal static class Sampling
{
    public static void InferGridSample(InferenceContext c) =>
        c.Set(0, c.TypeOf(0), c.ShapeOf(0) is { } x && c.ShapeOf(1) is { Rank: >= 2 } grid
        ? new Shape([x[0], x[1], .. grid.Skip(1).Take(grid.Rank - 2)]) : null);

    /// <summary>theta [N, 2, 3] and size (N, C, H, W) give [N, H, W, 2]; with [N, 3, 4], one more axis.</summary>
    public static void InferAffineGrid(InferenceContext c) => c.Set(0, c.TypeOf(0), c.IntegersOf(1) is { Length: >= 4 } size
        ? new Shape([size[0].ToDimension(), .. size.Skip(2).Select(s => s.ToDimension()), size.Length - 2]) : null);

    public static void InferRoiAlign(InferenceContext c) =>
        c.Set(0, c.TypeOf(0), c.ShapeOf(0) is { Rank: 4 } x && c.ShapeOf(1) is { Rank: 2 } rois
        ? new Shape(rois[0], x[1], c.Attributes.Int("output_height", 1), c.Attributes.Int("output_width", 1)) : null);

    public static void InferMaxRoiPool(InferenceContext c) => c.Set(0, c.TypeOf(0),
        c.ShapeOf(0) is { Rank: 4 } x && c.ShapeOf(1) is { Rank: 2 } rois && c.Attributes.Ints("pooled_shape") is [var height, var width]
        ? new Shape(rois[0], x[1], height, width) : null);

    public static void InferMaxUnpool(InferenceContext c)
    {
        var shape = c.Has(2) ? c.ShapeFrom(2) : c.ShapeOf(0) is { } x ? Unpooled(c, x) : null;
        c.Set(0, c.TypeOf(0), shape);
    }

    public static void InferCenterCropPad(InferenceContext c)
    {
        var (x, target) = (c.ShapeOf(0), c.IntegersOf(1));
        if (x is null || target is null)
        {
            c.Set(0, c.TypeOf(0), x is null ? null : DimensionAlgebra.UnknownOf(x.Rank));
            return;
        }
        var axes = c.Attributes.Ints("axes") ?? [.. Enumerable.Range(0, x.Rank).Select(i => (long)i)];
        for (var i = 0; i < axes.Length; i++) x = x.With(c.Axis(axes[i], x.Rank), target[i].ToDimension());
        c.Set(0, c.TypeOf(0), x);
    }

    /// <summary>[N, C * product(block), L] -> [N, C, image...].</summary>
    public static void InferCol2Im(InferenceContext c) => c.Set(0, c.TypeOf(0),
        c.ShapeOf(0) is { Rank: 3 } x && c.IntegersOf(1) is { } image && c.NumbersOf(2) is { } block
        ? new Shape([x[0], x[1].Map(n => n / block.Aggregate(1L, (p, b) => p * b)), .. image.Select(i => i.ToDimension())]) : null);

    private static Shape Unpooled(InferenceContext c, Shape x)
    {
        var kernel = c.Attributes.Ints("kernel_shape") ?? throw c.Fail("The attribute kernel_shape is missing.");
        var strides = SpatialWindow.Ints(c, "strides", kernel.Length);
        var pads = c.Attributes.Ints("pads") ?? new long[2 * kernel.Length];
        return new Shape(x.Select((d, i) => i < 2 ? d : d.Map(n =>
            ((n - 1) * strides[i - 2]) - pads[i - 2] - pads[i - 2 + kernel.Length] + kernel[i - 2])));
    }
}
