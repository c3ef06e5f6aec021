using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>ONNX Reshape: 0 copies the input's extent (unless allowzero), -1 takes what is left.</summary>
internal static class Reshape
{
    public static void Infer(InferenceContext c) => c.Set(0, c.TypeOf(0), ShapeOf(c));

    /// <summary>Elements keep their order, so a short list stays known.</summary>
    public static void Propagate(InferenceContext c)
    {
        if (c.Input(0).Integers is { } data && c.Outputs[0].Shape is { Rank: <= 1 } shape)
            c.SetIntegers(0, new SymbolicIntegers(shape.Rank == 0, data.Items));
    }

    private static Shape? ShapeOf(InferenceContext c)
    {
        if (c.IntegersOf(1) is not { } target)
            return c.ShapeOf(1) is [{ IsFixed: true } rank] ? DimensionAlgebra.UnknownOf(rank.Value) : null;
        var x = c.ShapeOf(0);
        var copies = c.Attributes.Int("allowzero", 0) == 0;
        var extents = target.Select((t, i) => !copies || t.Number != 0 ? t.Number == -1 ? default(Dimension?) : t.ToDimension()
            : x is null ? Dimension.Unknown
            : i < x.Rank ? x[i]
            : throw c.Fail($"The target [{string.Join(", ", target)}] copies axis {i}, which the input {x} does not have.")).ToArray();
        if (extents.Count(e => e is null) > 1) throw c.Fail($"The target [{string.Join(", ", target)}] leaves more than one extent open.");
        var open = Array.IndexOf(extents, null);
        var known = extents.Where(e => e is not null).Select(e => e!.Value).ToArray();
        if (open >= 0) extents[open] = x is null ? Dimension.Unknown : Remaining(c, x, known);
        else if (x is { IsFixed: true } && known.All(d => d.IsFixed) && x.ElementCount != new Shape(known.AsSpan()).ElementCount)
            throw c.Fail($"The input {x} cannot be reshaped to [{string.Join(", ", target)}]: the number of elements differs.");
        return new Shape(extents.Select(e => e!.Value));
    }

    /// <summary>The quotient of two products; equal symbols cancel, and one symbol may remain.</summary>
    private static Dimension Remaining(InferenceContext c, Shape x, Dimension[] known)
    {
        var left = x.Where(d => !d.IsFixed).ToList();
        foreach (var d in known.Where(d => !d.IsFixed))
            if (d.Symbol is null || !left.Remove(d)) return Dimension.Unknown;
        var (above, below) = (Fixed(x), Fixed(known));
        if (below == 0) return above == 0 ? Dimension.Unknown : throw c.Fail($"The input {x} cannot be reshaped: an extent is 0.");
        if (left.Count == 0)
            return above % below == 0 ? above / below
                : throw c.Fail($"The input {x} cannot be reshaped: {above} elements are not divisible by {below}.");
        return left.Count == 1 && above == below ? left[0] : Dimension.Unknown;
    }

    private static long Fixed(IEnumerable<Dimension> dimensions) =>
        dimensions.Where(d => d.IsFixed).Aggregate(1L, (p, d) => checked(p * d.Value));
}
