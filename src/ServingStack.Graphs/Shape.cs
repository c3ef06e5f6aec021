using System.Collections;

namespace ServingStack.Graphs;

/// <summary>The extents of a tensor, outermost first. Immutable; equal when all extents are equal.</summary>
public sealed class Shape : IReadOnlyList<Dimension>, IEquatable<Shape>
{
    private readonly Dimension[] _dimensions;

    public Shape(params ReadOnlySpan<Dimension> dimensions) => _dimensions = dimensions.ToArray();

    public Shape(IEnumerable<Dimension> dimensions) => _dimensions = [.. dimensions];

    /// <summary>The shape of a single number.</summary>
    public static Shape Scalar { get; } = new(Array.Empty<Dimension>());

    public int Rank => _dimensions.Length;

    /// <summary>The rank, as collections call it.</summary>
    public int Count => _dimensions.Length;

    public Dimension this[int index] => _dimensions[index];

    /// <summary>Whether every extent is a number.</summary>
    public bool IsFixed => Array.TrueForAll(_dimensions, d => d.IsFixed);

    /// <summary>The number of elements; throws unless <see cref="IsFixed"/>.</summary>
    public long ElementCount => _dimensions.Aggregate(1L, (product, d) => checked(product * d.Value));

    public static Shape Of(params ReadOnlySpan<long> extents)
    {
        var dimensions = new Dimension[extents.Length];
        for (var i = 0; i < extents.Length; i++) dimensions[i] = Dimension.Fixed(extents[i]);
        return new Shape(dimensions.AsSpan());
    }

    /// <summary>The extents as numbers; throws unless <see cref="IsFixed"/>.</summary>
    public long[] ToFixed() => Array.ConvertAll(_dimensions, d => d.Value);

    public bool Equals(Shape? other) => other is not null && _dimensions.AsSpan().SequenceEqual(other._dimensions);

    public override bool Equals(object? obj) => Equals(obj as Shape);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var d in _dimensions) hash.Add(d);
        return hash.ToHashCode();
    }

    public IEnumerator<Dimension> GetEnumerator() => ((IEnumerable<Dimension>)_dimensions).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _dimensions.GetEnumerator();

    /// <summary>For example <c>[batch, 3, 32, 32]</c>.</summary>
    public override string ToString() => $"[{string.Join(", ", _dimensions)}]";
}
