using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>ONNX Pad: negative amounts crop; input 3 names the axes.</summary>
internal static class Pad
{
    public static void Infer(InferenceContext c) => c.Set(0, c.TypeOf(0), c.ShapeOf(0) is { } x ? ShapeOf(c, x) : null);

    /// <summary>The padding before and after each axis of a rank; null when it is not constant.</summary>
    public static (long[] Before, long[] After)? Amounts(InferenceContext c, int rank)
    {
        if (c.NumbersOf(1) is not { } pads || (c.Has(3) && c.NumbersOf(3) is null)) return null;
        var axes = c.NumbersOf(3) is { } named ? Array.ConvertAll(named, a => c.Axis(a, rank)) : [.. Enumerable.Range(0, rank)];
        if (pads.Length != 2 * axes.Length) throw c.Fail($"There are {pads.Length} pads for {axes.Length} axes; two for each are needed.");
        var (before, after) = (new long[rank], new long[rank]);
        for (var i = 0; i < axes.Length; i++) (before[axes[i]], after[axes[i]]) = (pads[i], pads[i + axes.Length]);
        return (before, after);
    }

    private static Shape? ShapeOf(InferenceContext c, Shape x)
    {
        if (Amounts(c, x.Rank) is not var (before, after)) return DimensionAlgebra.UnknownOf(x.Rank);
        return new Shape(x.Select((d, i) => before[i] + after[i] == 0 ? d : d.Map(n => n + before[i] + after[i])));
    }
}
