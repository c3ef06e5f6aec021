using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>ONNX Concat: joins along one axis; the other extents agree.</summary>
internal static class Concat
{
    public static void Infer(InferenceContext c) => c.Set(0, c.TypeOf(0), ShapeOf(c));

    /// <summary>The concatenation of <c>servingstack.q</c> keeps the type that the pass gave its output.</summary>
    public static void InferFused(InferenceContext c) => c.Set(0, c.Node.Outputs[0].ElementType, ShapeOf(c));

    public static void Propagate(InferenceContext c)
    {
        var parts = Enumerable.Range(0, c.InputCount).Select(c.IntegersOf).ToArray();
        if (c.Outputs[0].Shape is not { Rank: 1 } || c.TypeOf(0) is not (ElementType.Int64 or ElementType.Int32)) return;
        var items = parts.Select((p, i) => p ?? UnknownItems(c.ShapeOf(i))).ToArray();
        if (items.All(i => i is not null)) c.SetIntegers(0, SymbolicIntegers.Vector(items.SelectMany(i => i!)));
    }

    /// <summary>A part of known length whose elements are not known.</summary>
    private static SymbolicInteger[]? UnknownItems(Shape? shape) =>
        shape is [{ IsFixed: true } length] && length.Value <= SymbolicIntegers.MaxLength ? new SymbolicInteger[length.Value] : null;

    private static Shape? ShapeOf(InferenceContext c)
    {
        var shapes = Enumerable.Range(0, c.InputCount).Select(c.ShapeOf).ToArray();
        if (shapes.FirstOrDefault(s => s is not null) is not { } first) return null;
        var axis = c.Axis(c.Attributes.Int("axis", 0), first.Rank);
        var extents = first.ToArray();
        if (shapes.Any(s => s is not null && s.Rank != first.Rank))
            throw c.Fail($"The inputs have different ranks: {string.Join(", ", shapes.OfType<Shape>())}.");
        for (var i = 0; i < extents.Length; i++)
            if (i == axis) extents[i] = shapes.Aggregate((Dimension)0, (sum, s) => sum.Add(s is null ? Dimension.Unknown : s[axis]));
            else
                foreach (var s in shapes.OfType<Shape>())
                    if (!DimensionAlgebra.TryUnify(extents[i], s[i], out extents[i]))
                        throw c.Fail($"The inputs differ in axis {i}: {string.Join(", ", shapes.OfType<Shape>())}.");
        return new Shape(extents.AsSpan());
    }
}
