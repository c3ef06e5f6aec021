using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>ONNX ConvTranspose: X [N, C, D1..], W [C, M / group, k1..] -> [N, M, o1..].</summary>
internal static class ConvTranspose
{
    public static void Infer(InferenceContext c) => c.Set(0, c.TypeOf(0), ShapeOf(c));

    private static Shape? ShapeOf(InferenceContext c)
    {
        if (c.ShapeOf(0) is not { } x || c.ShapeOf(1) is not { } w) return null;
        if (x.Rank < 3 || w.Rank != x.Rank) throw c.Fail($"The input is {x} and the weights are {w}; both need the same rank, 3 or more.");
        return new Shape([x[0], w[1].Times(c.Attributes.Int("group", 1)),
            .. Enumerable.Range(0, x.Rank - 2).Select(i => Extent(c, x, w, i))]);
    }

    private static Dimension Extent(InferenceContext c, Shape x, Shape w, int i)
    {
        var spatial = x.Rank - 2;
        if (c.Attributes.Ints("output_shape") is { } asked) return asked[asked.Length - spatial + i];
        var stride = SpatialWindow.Ints(c, "strides", spatial)[i];
        if (c.Attributes.String("auto_pad", "NOTSET") is "SAME_UPPER" or "SAME_LOWER") return x[i + 2].Map(n => n * stride);
        var kernel = c.Attributes.Ints("kernel_shape") is { } given ? given[i] : w[i + 2];
        if (!kernel.IsFixed) return Dimension.Unknown;
        var reach = ((kernel.Value - 1) * SpatialWindow.Ints(c, "dilations", spatial)[i]) + 1;
        var pads = c.Attributes.Ints("pads") ?? new long[2 * spatial];
        var extra = c.Attributes.Ints("output_padding") is { } padding ? padding[i] : 0;
        return x[i + 2].Map(n => (stride * (n - 1)) + extra + reach - pads[i] - pads[i + spatial]);
    }
}
