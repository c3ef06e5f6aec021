using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>ONNX LSTM, GRU and RNN: Y [T, D, N, H], Y_h and Y_c [D, N, H]; with <c>layout</c> 1 the batch comes first.</summary>
internal static class Recurrent
{
    public static void Infer(InferenceContext c)
    {
        c.RequireRank(0, 3, 3);
        var directions = c.Attributes.String("direction", "forward") == "bidirectional" ? 2 : 1;
        var hidden = c.Attributes.Contains("hidden_size") ? c.Attributes.Int("hidden_size", 0)
            : c.ShapeOf(2) is { Rank: 3 } recurrence ? recurrence[2] : Dimension.Unknown;
        var batchFirst = c.Attributes.Int("layout", 0) != 0;
        var (length, batch) = c.ShapeOf(0) is not { } x ? default : batchFirst ? (x[1], x[0]) : (x[0], x[1]);
        c.Set(0, c.TypeOf(0), batchFirst ? new Shape(batch, length, directions, hidden) : new Shape(length, directions, batch, hidden));
        var state = batchFirst ? new Shape(batch, directions, hidden) : new Shape(directions, batch, hidden);
        for (var i = 1; i < c.OutputCount; i++) c.Set(i, c.TypeOf(0), state);
    }
}
