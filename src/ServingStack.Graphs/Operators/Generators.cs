using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>Operators that make tensors from attributes: random numbers, windows, EyeLike.</summary>
internal static class Generators
{
    public static void InferRandom(InferenceContext c) => c.Set(0, Elementwise.AttributeType(c, "dtype", ElementType.Float32),
        c.Attributes.Ints("shape") is { } shape ? Shape.Of(shape) : throw c.Fail("The attribute shape is missing."));

    public static void InferMultinomial(InferenceContext c) => c.Set(0, Elementwise.AttributeType(c, "dtype", ElementType.Int32),
        c.ShapeOf(0) is { Rank: 2 } x ? new Shape(x[0], c.Attributes.Int("sample_size", 1)) : null);

    /// <summary>HannWindow, HammingWindow, BlackmanWindow: input 0 is the length.</summary>
    public static void InferWindow(InferenceContext c) => c.Set(0, Elementwise.AttributeType(c, "output_datatype", ElementType.Float32),
        new Shape(c.IntegersOf(0) is [var length] ? length.ToDimension() : Dimension.Unknown));

    public static void InferMelWeights(InferenceContext c) => c.Set(0, Elementwise.AttributeType(c, "output_datatype", ElementType.Float32),
        new Shape(c.NumbersOf(1) is [var length] ? (length / 2) + 1 : Dimension.Unknown, c.IntegersOf(0) is [var bins]
            ? bins.ToDimension() : Dimension.Unknown));
}
