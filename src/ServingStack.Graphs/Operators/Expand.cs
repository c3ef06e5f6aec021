using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>ONNX Expand: broadcasts the input to the given shape, both ways.</summary>
internal static class Expand
{
    public static void Infer(InferenceContext c)
    {
        var target = c.IntegersOf(1) is { } items ? new Shape(items.Select(i => i.ToDimension())) : null;
        c.Set(0, c.TypeOf(0), target is not null ? Broadcast.Combine(c, c.ShapeOf(0), target) : null);
    }
}
