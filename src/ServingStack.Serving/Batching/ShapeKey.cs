namespace ServingStack.Serving.Batching;

/// <summary>The extents of a request's inputs, without the batch: requests with equal keys can share a batch.</summary>
public sealed class ShapeKey(long[] extents) : IEquatable<ShapeKey>
{
    /// <summary>The key of all requests to a model whose only open extent is the batch.</summary>
    public static ShapeKey Fixed { get; } = new([]);

    public bool Equals(ShapeKey? other) =>
        ReferenceEquals(this, other) || (other is not null && extents.AsSpan().SequenceEqual(other.Extents));

    public override bool Equals(object? obj) => Equals(obj as ShapeKey);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var extent in extents) hash.Add(extent);
        return hash.ToHashCode();
    }

    public override string ToString() => $"[{string.Join(", ", extents)}]";

    private long[] Extents => extents;
}
