using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>ONNX AveragePool, LpPool, MaxPool (whose second output holds indices), and the global pools.</summary>
internal static class Pool
{
    public static void Infer(InferenceContext c)
    {
        if (ShapeOf(c) is not { } shape)
        {
            c.Set(0, c.TypeOf(0), null);
            return;
        }
        c.Set(0, c.TypeOf(0), shape);
        c.Set(1, ElementType.Int64, shape);
    }

    public static void InferGlobal(InferenceContext c) => c.Set(0, c.TypeOf(0), GlobalShapeOf(c));

    /// <summary>The pools of <c>servingstack.q</c> keep the type that the pass gave their output.</summary>
    public static void InferFused(InferenceContext c) => c.Set(0, c.Node.Outputs[0].ElementType, ShapeOf(c));

    public static void InferFusedGlobal(InferenceContext c) => c.Set(0, c.Node.Outputs[0].ElementType, GlobalShapeOf(c));

    private static Shape? GlobalShapeOf(InferenceContext c)
    {
        c.RequireRank(0, 2);
        return c.ShapeOf(0) is { } x ? new Shape(x.Select((d, i) => i < 2 ? d : 1)) : null;
    }

    private static Shape? ShapeOf(InferenceContext c)
    {
        c.RequireRank(0, 3);
        if (c.ShapeOf(0) is not { } x) return null;
        var kernel = c.Attributes.Ints("kernel_shape") ?? throw c.Fail("The attribute kernel_shape is missing.");
        var spatial = SpatialWindow.Outputs(c, x, [.. kernel.Select(k => (Dimension)k)], c.Attributes.Int("ceil_mode", 0) != 0);
        return new Shape([x[0], x[1], .. spatial]);
    }
}
