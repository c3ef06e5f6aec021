using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>ONNX Squeeze: drops axes of extent 1, all of them when none is named.</summary>
internal static class Squeeze
{
    public static void Infer(InferenceContext c)
    {
        var x = c.ShapeOf(0);
        var axes = c.NumbersOf(1);
        c.Set(0, c.TypeOf(0), x is null || (c.Has(1) && axes is null) || (axes is null && !x.IsFixed) ? null : ShapeOf(c, x, axes));
    }

    private static Shape ShapeOf(InferenceContext c, Shape x, long[]? axes)
    {
        var dropped = axes is null ? [.. Enumerable.Range(0, x.Rank).Where(i => x[i] == 1)]
            : axes.Select(a => c.Axis(a, x.Rank)).ToHashSet();
        foreach (var axis in dropped)
            if (x[axis].IsFixed && x[axis] != 1) throw c.Fail($"Axis {axis} of {x} is to be dropped but is not 1.");
        return new Shape(x.Where((_, i) => !dropped.Contains(i)));
    }
}
