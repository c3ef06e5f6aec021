namespace ServingStack.Engine.Lowering;

/// <summary>Arithmetic on axes.</summary>
internal static class Axes
{
    /// <summary>An axis counted from the front; negative ones count from the back.</summary>
    public static int Normalize(long axis, int rank) => (int)(axis < 0 ? axis + rank : axis);

    /// <summary>A tensor seen as [outer, length, inner] around a logical axis, in the order of memory.</summary>
    public static (long Outer, long Length, long Inner) Split(Layout layout, long[] shape, int axis)
    {
        var extents = layout.Extents(shape);
        var position = layout.PositionOf(axis, shape.Length);
        return (Product(extents.AsSpan(0, position)), extents[position], Product(extents.AsSpan(position + 1)));
    }

    public static long Product(ReadOnlySpan<long> extents)
    {
        long product = 1;
        foreach (var extent in extents) product = checked(product * extent);
        return product;
    }
}
