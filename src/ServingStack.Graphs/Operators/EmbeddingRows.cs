using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary><c>EmbeddingRows</c>: a row of floats, as long as the attribute <c>dimension</c> says, in place of each index.</summary>
internal static class EmbeddingRows
{
    public static void Infer(InferenceContext c) => c.Set(0, ElementType.Float32,
        c.ShapeOf(1) is { } indices ? new Shape([.. indices, Dimension.Fixed(c.Attributes.Int("dimension", 0))]) : null);
}
