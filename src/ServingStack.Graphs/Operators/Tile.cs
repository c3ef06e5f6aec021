using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>ONNX Tile: repeats each axis.</summary>
internal static class Tile
{
    public static void Infer(InferenceContext c)
    {
        var x = c.ShapeOf(0);
        var repeats = c.IntegersOf(1);
        c.Set(0, c.TypeOf(0), x is null ? null
            : repeats is null ? DimensionAlgebra.UnknownOf(x.Rank)
            : repeats.Length == x.Rank ? new Shape(x.Select((d, i) => d.Times(repeats[i].ToDimension())))
            : throw c.Fail($"There are {repeats.Length} repeats for the input {x}."));
    }
}
