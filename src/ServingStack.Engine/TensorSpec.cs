using ServingStack.Graphs;

namespace ServingStack.Engine;

/// <summary>What a model takes or gives under one name. Extents may be symbols; the batch is extent 0 where that one is no number.</summary>
public sealed record TensorSpec(string Name, ElementType ElementType, Shape Shape)
{
    /// <summary>Throws <see cref="InputException"/> unless <paramref name="extents"/> fit <see cref="Shape"/>.</summary>
    public void Check(ReadOnlySpan<long> extents)
    {
        if (!Fits(extents))
            throw new InputException($"Input '{Name}' has shape [{string.Join(", ", extents.ToArray())}], the model takes {Shape}.");
    }

    private bool Fits(ReadOnlySpan<long> extents)
    {
        if (extents.Length != Shape.Rank) return false;
        for (var i = 0; i < extents.Length; i++)
            if (extents[i] < 0 || (Shape[i].IsFixed && Shape[i].Value != extents[i])) return false;
        return true;
    }

    /// <summary>The extents for a batch of <paramref name="batch"/>; throws when anything but extent 0 is open.</summary>
    internal long[] WithBatch(int batch)
    {
        var extents = new long[Shape.Rank];
        for (var i = 0; i < extents.Length; i++)
            extents[i] = Shape[i].IsFixed ? Shape[i].Value
                : i == 0 ? batch
                : throw new InputException($"Input '{Name}' of shape {Shape} has more open extents than the batch: ask for a plan by shapes.");
        return extents;
    }
}
