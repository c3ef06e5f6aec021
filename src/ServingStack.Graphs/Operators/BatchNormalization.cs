using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>ONNX BatchNormalization: Y = (X - mean) / sqrt(var + epsilon) * scale + B, per channel (axis 1).</summary>
internal static class BatchNormalization
{
    public static void Infer(InferenceContext c)
    {
        c.RequireRank(0, 1);
        for (var i = 1; i < 5; i++)
        {
            c.RequireRank(i, 1, 1);
            if (c.ShapeOf(0) is { Rank: >= 2 } x && c.ShapeOf(i) is { } parameter && !DimensionAlgebra.TryUnify(x[1], parameter[0], out _))
                throw c.Fail($"Input {i} has {parameter[0]} elements for the {x[1]} channels of {x}.");
        }
        c.Set(0, c.TypeOf(0), c.ShapeOf(0));
        for (var i = 1; i < c.OutputCount; i++) c.Set(i, c.TypeOf(3), c.ShapeOf(3));
    }
}
