using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>ONNX Transpose: permutes the axes, reverses them when <c>perm</c> is left out.</summary>
internal static class Transpose
{
    public static void Infer(InferenceContext c)
    {
        var perm = c.Attributes.Ints("perm");
        var shape = c.ShapeOf(0);
        if (shape is null)
        {
            c.Set(0, c.TypeOf(0), perm is null ? null : DimensionAlgebra.UnknownOf(perm.Length));
            return;
        }
        perm ??= [.. Enumerable.Range(0, shape.Rank).Reverse().Select(i => (long)i)];
        if (!perm.Order().SequenceEqual(Enumerable.Range(0, shape.Rank).Select(i => (long)i)))
            throw c.Fail($"The attribute perm [{string.Join(", ", perm)}] is no permutation of the axes of {shape}.");
        c.Set(0, c.TypeOf(0), new Shape(perm.Select(p => shape[(int)p])));
    }
}
