using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators.Folding;

/// <summary>Evaluates operators that only move elements.</summary>
internal static class FoldMovement
{
    /// <summary>Reshape, Flatten, Squeeze, Unsqueeze, Identity: the same bytes under the inferred shape.</summary>
    public static Tensor? Reshape(InferenceContext c)
    {
        var x = c.DataOf(0)!;
        var extents = c.Outputs[0].Shape!.ToFixed();
        return x.ElementType == ElementType.String ? new Tensor(extents, x.Strings) : new Tensor(x.ElementType, extents, x.Bytes);
    }

    public static Tensor? Transpose(InferenceContext c)
    {
        var x = c.DataOf(0)!;
        var strides = StridedCopy.Strides(x.Dimensions);
        var perm = c.Attributes.Ints("perm") ?? [.. Enumerable.Range(0, x.Rank).Reverse().Select(i => (long)i)];
        return StridedCopy.Run(x, c.Outputs[0].Shape!.ToFixed(), [.. perm.Select(p => strides[p])]);
    }

    public static Tensor? Expand(InferenceContext c)
    {
        var x = c.DataOf(0)!;
        var extents = c.Outputs[0].Shape!.ToFixed();
        return StridedCopy.Run(x, extents, StridedCopy.BroadcastStrides(x.Dimensions, extents));
    }

    public static Tensor? Slice(InferenceContext c)
    {
        var x = c.DataOf(0)!;
        if (Operators.Slice.Bounds(c, x.Rank) is not { } bounds) return null;
        var strides = StridedCopy.Strides(x.Dimensions);
        var offset = 0L;
        foreach (var (axis, start, end, step) in bounds)
        {
            offset += strides[axis] * Operators.Slice.Range(x.Dimensions[axis], start.Number!.Value, end.Number!.Value, step!.Value).First;
            strides[axis] *= step.Value;
        }
        return StridedCopy.Run(x, c.Outputs[0].Shape!.ToFixed(), strides, offset);
    }

    public static Tensor? Gather(InferenceContext c)
    {
        var (x, indices) = (c.DataOf(0)!, c.DataOf(1)!.ToInt64s());
        var axis = c.Axis(c.Attributes.Int("axis", 0), x.Rank);
        var parts = Array.ConvertAll(indices, i => new Range(i < 0 ? i + x.Dimensions[axis] : i, 1));
        return Join(x.ElementType, c.Outputs[0].Shape!.ToFixed(), parts.Select(p => (x, axis, p)), axis);
    }

    public static Tensor? Concat(InferenceContext c)
    {
        var first = c.DataOf(0)!;
        var axis = c.Axis(c.Attributes.Int("axis", 0), first.Rank);
        var parts = Enumerable.Range(0, c.InputCount).Select(i => (c.DataOf(i)!, axis, new Range(0, c.DataOf(i)!.Dimensions[axis])));
        return Join(first.ElementType, c.Outputs[0].Shape!.ToFixed(), parts, axis);
    }

    public static Tensor? ConstantOfShape(InferenceContext c)
    {
        var value = c.Attributes.Tensor("value") ?? Tensor.Scalar(0f);
        var extents = c.Outputs[0].Shape!.ToFixed();
        return StridedCopy.Run(value, extents, new long[extents.Length]);
    }

    /// <summary>Blocks of consecutive elements along one axis, one part after the other within each outer index.</summary>
    private static Tensor? Join(ElementType type, long[] extents, IEnumerable<(Tensor Source, int Axis, Range Part)> parts, int axis)
    {
        var size = type.BitsOf() / 8;
        if (size == 0) return null;
        var bytes = new byte[type.BytesFor(extents.Aggregate(1L, (p, e) => p * e))];
        var outer = parts.Any() ? parts.First().Source.Dimensions.Take(axis).Aggregate(1L, (p, e) => p * e) : 0;
        var rows = parts.Select(p => (p.Source, p.Part, Inner: p.Source.Dimensions.Skip(p.Axis + 1).Aggregate((long)size, (q, e) =>
            q * e))).ToArray();
        var at = 0;
        for (var o = 0L; o < outer; o++)
            foreach (var (source, part, inner) in rows)
            {
                var from = ((o * source.Dimensions[axis]) + part.Start) * inner;
                source.Bytes.Span.Slice((int)from, (int)(part.Count * inner)).CopyTo(bytes.AsSpan(at));
                at += (int)(part.Count * inner);
            }
        return new Tensor(type, extents, bytes);
    }

    private readonly record struct Range(long Start, long Count);
}
