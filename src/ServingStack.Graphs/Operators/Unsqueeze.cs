using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>ONNX Unsqueeze: inserts axes of extent 1; the axes are positions in the output.</summary>
internal static class Unsqueeze
{
    public static void Infer(InferenceContext c) =>
        c.Set(0, c.TypeOf(0), c.ShapeOf(0) is { } x && c.NumbersOf(1) is { } axes ? ShapeOf(c, x, axes) : null);

    private static Shape ShapeOf(InferenceContext c, Shape x, long[] axes)
    {
        var rank = x.Rank + axes.Length;
        var inserted = axes.Select(a => c.Axis(a, rank)).ToHashSet();
        if (inserted.Count != axes.Length) throw c.Fail($"The axes [{string.Join(", ", axes)}] repeat.");
        var rest = new Queue<Dimension>(x);
        return new Shape(Enumerable.Range(0, rank).Select(i => inserted.Contains(i) ? 1 : rest.Dequeue()));
    }
}
