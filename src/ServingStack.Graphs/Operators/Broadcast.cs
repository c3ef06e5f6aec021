using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>
/// Operators on two or more inputs with ONNX's multidirectional broadcasting: arithmetic, comparison, logic, Where, Max, Mean, Min, Sum.
/// </summary>
internal static class Broadcast
{
    public static void Infer(InferenceContext c) => c.Set(0, c.TypeOf(0), ShapeOf(c));

    public static void InferBool(InferenceContext c) => c.Set(0, ElementType.Bool, ShapeOf(c));

    /// <summary>The sums and products of our own domains keep the type that the pass gave their output.</summary>
    public static void InferFused(InferenceContext c) => c.Set(0, c.Node.Outputs[0].ElementType, ShapeOf(c));

    /// <summary>Where takes its type from the second input; the first is the condition.</summary>
    public static void InferWhere(InferenceContext c) => c.Set(0, c.TypeOf(1), ShapeOf(c));

    /// <summary>The broadcast shape of all inputs; null when one is unknown.</summary>
    public static Shape? ShapeOf(InferenceContext c)
    {
        Shape? result = Shape.Scalar;
        for (var i = 0; i < c.InputCount && result is not null; i++)
            if (c.Has(i)) result = Combine(c, result, c.ShapeOf(i));
        return result;
    }

    public static Shape? Combine(InferenceContext c, Shape? a, Shape? b)
    {
        if (a is null || b is null) return null;
        var extents = new Dimension[Math.Max(a.Rank, b.Rank)];
        for (var i = 1; i <= extents.Length; i++)
            extents[^i] = Combine(i <= a.Rank ? a[a.Rank - i] : 1, i <= b.Rank ? b[b.Rank - i] : 1)
                ?? throw c.Fail($"The shapes {a} and {b} do not broadcast.");
        return new Shape(extents.AsSpan());
    }

    /// <summary>Null when both are numbers that contradict each other.</summary>
    private static Dimension? Combine(Dimension a, Dimension b) =>
        a == 1 ? b
        : b == 1 || a == b ? a
        : a.IsFixed && b.IsFixed ? null
        : a.IsFixed ? a
        : b.IsFixed ? b
        : Dimension.Unknown;
}
