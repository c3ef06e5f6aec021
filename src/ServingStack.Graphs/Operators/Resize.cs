using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>
/// ONNX Resize: by scales (input 2, floor of the product) or to sizes (input 3), for all axes or those of the attribute <c>axes</c>.
/// </summary>
internal static class Resize
{
    public static void Infer(InferenceContext c) => c.Set(0, c.TypeOf(0), c.ShapeOf(0) is { } x ? ShapeOf(c, x) : null);

    private static Shape ShapeOf(InferenceContext c, Shape x)
    {
        var axes = c.Attributes.Ints("axes") is { } named ? Array.ConvertAll(named, a => c.Axis(a, x.Rank))
            : [.. Enumerable.Range(0, x.Rank)];
        var scales = c.DataOf(2) is { ElementType: ElementType.Float32, ElementCount: > 0 } tensor ? tensor.As<float>().ToArray() : null;
        var sizes = c.Has(3) ? c.IntegersOf(3) : null;
        var extents = x.ToArray();
        for (var i = 0; i < axes.Length; i++)
            extents[axes[i]] = scales is not null && i < scales.Length ? Scaled(x[axes[i]], scales[i])
                : sizes is not null && i < sizes.Length && c.Attributes.String("keep_aspect_ratio_policy", "stretch") == "stretch"
                    ? sizes[i].ToDimension()
                : Dimension.Unknown;
        if (sizes is not null && c.Attributes.String("keep_aspect_ratio_policy", "stretch") is not "stretch" and var policy)
            KeepAspect(x, axes, sizes, policy, extents);
        return new Shape(extents.AsSpan());
    }

    private static Dimension Scaled(Dimension extent, float scale) => scale == 1 ? extent
        : extent.Map(n => (long)Math.Floor(n * (double)scale));

    /// <summary>One scale for all axes: the smallest that fits within, or the largest that covers, the given sizes.</summary>
    private static void KeepAspect(Shape x, int[] axes, SymbolicInteger[] sizes, string policy, Dimension[] extents)
    {
        if (axes.Any(a => !x[a].IsFixed) || sizes.Any(s => s.Number is null) || sizes.Length != axes.Length) return;
        var ratios = axes.Select((a, i) => (float)sizes[i].Number!.Value / x[a].Value).ToArray();
        var scale = policy == "not_larger" ? ratios.Min() : ratios.Max();
        foreach (var a in axes) extents[a] = (long)Math.Round(scale * x[a].Value, MidpointRounding.AwayFromZero);
    }
}
