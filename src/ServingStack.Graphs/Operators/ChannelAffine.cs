using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>
/// <c>FusedAffine</c> and <c>QAffine</c>: input 0 and inputs from 3 on follow each other along the channels, of which there are as many as
/// factors.
/// </summary>
internal static class ChannelAffine
{
    public static void Infer(InferenceContext c) => c.Set(0, c.TypeOf(0), ShapeOf(c));

    /// <summary>Integers keep the type that the pass gave the output.</summary>
    public static void InferFused(InferenceContext c) => c.Set(0, c.Node.Outputs[0].ElementType, ShapeOf(c));

    private static Shape? ShapeOf(InferenceContext c) =>
        c.ShapeOf(0) is { } shape && c.ShapeOf(1) is [var channels]
            ? new Shape(shape.Select((dimension, axis) => axis == 1 ? channels : dimension))
            : c.ShapeOf(0);
}
