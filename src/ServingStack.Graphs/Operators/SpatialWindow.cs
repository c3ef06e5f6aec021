using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>
/// The extents that a sliding window gives: shared by convolution and pooling. Source: the formulas of ONNX Conv and MaxPool.
/// </summary>
internal static class SpatialWindow
{
    /// <summary>Spatial extents of the output, one for each spatial extent of <paramref name="x"/> (axes 2 and up).</summary>
    public static IEnumerable<Dimension> Outputs(InferenceContext c, Shape x, Dimension[] kernel, bool ceiling = false)
    {
        var spatial = x.Rank - 2;
        if (kernel.Length != spatial) throw c.Fail($"The kernel has {kernel.Length} spatial extents, the input {x} has {spatial}.");
        var strides = Ints(c, "strides", spatial);
        var dilations = Ints(c, "dilations", spatial);
        var pads = c.Attributes.Ints("pads") ?? new long[2 * spatial];
        if (pads.Length != 2 * spatial) throw c.Fail($"The attribute pads has {pads.Length} entries, expected {2 * spatial}.");
        var auto = c.Attributes.String("auto_pad", "NOTSET");
        return Enumerable.Range(0, spatial).Select(i => Output(c, auto, x[i + 2], kernel[i], strides[i], dilations[i], pads[i],
            pads[i + spatial], ceiling));
    }

    public static long[] Ints(InferenceContext c, string name, int count)
    {
        var values = c.Attributes.Ints(name) ?? [.. Enumerable.Repeat(1L, count)];
        if (values.Length != count || values.Any(v => v <= 0))
            throw c.Fail($"The attribute {name} is [{string.Join(", ", values)}], expected {count} positive numbers.");
        return values;
    }

    private static Dimension Output(InferenceContext c, string auto, Dimension input, Dimension kernel, long stride, long dilation,
        long before,
        long after, bool ceiling)
    {
        if (auto is "SAME_UPPER" or "SAME_LOWER") return stride == 1 ? input : input.Map(n => CeilDivide(n, stride));
        if (!input.IsFixed || !kernel.IsFixed) return Dimension.Unknown;
        if (auto == "VALID") before = after = 0;
        var reach = ((kernel.Value - 1) * dilation) + 1;
        var room = input.Value + before + after - reach;
        if (room < 0) throw c.Fail($"The window of {reach} does not fit the input of {input.Value} with padding {before} and {after}.");
        var count = (ceiling ? CeilDivide(room, stride) : room / stride) + 1;
        // A last window that would start in the padding behind the input is left out.
        return ceiling && (count - 1) * stride >= input.Value + before ? count - 1 : count;
    }

    private static long CeilDivide(long a, long b) => (a + b - 1) / b;
}
