using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>ONNX Split: parts of the given sizes, or <c>num_outputs</c> parts of equal size of which the last may be smaller.</summary>
internal static class Split
{
    public static void Infer(InferenceContext c)
    {
        var x = c.ShapeOf(0);
        var axis = x is null ? 0 : c.Axis(c.Attributes.Int("axis", 0), x.Rank);
        for (var i = 0; i < c.OutputCount; i++) c.Set(i, c.TypeOf(0), x?.With(axis, Extent(c, x[axis], i)));
    }

    private static Dimension Extent(InferenceContext c, Dimension whole, int part)
    {
        if (c.Has(1))
            return c.IntegersOf(1) is not { } sizes ? Dimension.Unknown
                : part < sizes.Length ? sizes[part].ToDimension()
                    : throw c.Fail($"The sizes [{string.Join(", ", sizes)}] are fewer than the {c.OutputCount} outputs.");
        var count = c.Attributes.Int("num_outputs", c.OutputCount);
        if (count <= 0) throw c.Fail($"The attribute num_outputs is {count}.");
        return whole.Map(n =>
        {
            var size = (n + count - 1) / count;
            return part < count - 1 ? size : n - (size * (count - 1));
        });
    }
}
