using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>ONNX ConstantOfShape: a tensor of the given shape, filled with one value (float 0 when left out).</summary>
internal static class ConstantOfShape
{
    public static void Infer(InferenceContext c)
    {
        var type = c.Attributes.Tensor("value")?.ElementType ?? ElementType.Float32;
        c.Set(0, type, c.ShapeFrom(0));
    }

    public static void Propagate(InferenceContext c)
    {
        if (c.Outputs[0].Shape is not { IsFixed: true, Rank: <= 1 } shape || shape.ElementCount > SymbolicIntegers.MaxLength) return;
        if (SymbolicIntegers.Of(c.Attributes.Tensor("value")) is { Items: [var item] })
            c.SetIntegers(0, new SymbolicIntegers(shape.Rank == 0, [.. Enumerable.Repeat(item, (int)shape.ElementCount)]));
    }
}
