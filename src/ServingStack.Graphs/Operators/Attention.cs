using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>
/// ONNX Attention: Q, K, V as [N, heads, L, d] or [N, L, heads * d]; optional past keys and values come before the present ones.
/// </summary>
internal static class Attention
{
    public static void Infer(InferenceContext c)
    {
        if (c.ShapeOf(0) is not { } q || c.ShapeOf(1) is not { } k || c.ShapeOf(2) is not { } v) return;
        var (split, heads) = (q.Rank == 4, c.Attributes.Int("q_num_heads", 0));
        var kvHeads = c.Attributes.Int("kv_num_heads", 0);
        if (!split && (heads <= 0 || kvHeads <= 0))
            throw c.Fail("The attributes q_num_heads and kv_num_heads are needed for inputs of rank 3.");
        var (length, keys) = split ? (q[2], k[2]) : (q[1], k[1]);
        var past = c.Has(4) ? c.ShapeOf(4) is { Rank: 4 } p ? p[2] : Dimension.Unknown : 0;
        var total = keys.Add(past);
        var (keyWidth, valueWidth) = split ? (k[3], v[3]) : (k[2].Map(n => n / kvHeads), v[2].Map(n => n / kvHeads));
        var group = split ? k[1] : kvHeads;
        c.Set(0, c.TypeOf(0), split ? new Shape(q[0], q[1], length, valueWidth) : new Shape(q[0], length, valueWidth.Times(heads)));
        c.Set(1, c.TypeOf(1), new Shape(q[0], group, total, keyWidth));
        c.Set(2, c.TypeOf(2), new Shape(q[0], group, total, valueWidth));
        c.Set(3, c.TypeOf(0), new Shape(q[0], split ? q[1] : heads, length, total));
    }
}
