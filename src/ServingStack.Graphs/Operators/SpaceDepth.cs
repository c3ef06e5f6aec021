using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>ONNX DepthToSpace and SpaceToDepth on [N, C, H, W].</summary>
internal static class SpaceDepth
{
    public static void InferToSpace(InferenceContext c) =>
        Infer(c, (x, b) => new Shape(x[0], x[1].Map(n => n / (b * b)), x[2].Times(b), x[3].Times(b)));

    public static void InferToDepth(InferenceContext c) =>
        Infer(c, (x, b) => new Shape(x[0], x[1].Times(b * b), x[2].Map(n => n / b), x[3].Map(n => n / b)));

    private static void Infer(InferenceContext c, Func<Shape, long, Shape> shape)
    {
        c.RequireRank(0, 4, 4);
        var block = c.Attributes.Int("blocksize", 0);
        if (block <= 0) throw c.Fail($"The attribute blocksize is {block}.");
        c.Set(0, c.TypeOf(0), c.ShapeOf(0) is { } x ? shape(x, block) : null);
    }
}
