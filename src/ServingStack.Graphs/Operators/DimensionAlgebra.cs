using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>Arithmetic on extents that may be symbols: a symbol survives where the result equals it, all else becomes unknown.</summary>
internal static class DimensionAlgebra
{
    /// <summary>A shape given as data of unknown content says a rank; beyond this it is nonsense.</summary>
    private const int MaxRank = 64;

    public static Dimension Add(this Dimension a, Dimension b) => (SymbolicInteger.Of(a) + SymbolicInteger.Of(b)).ToDimension();

    public static Dimension Times(this Dimension a, Dimension b) => (SymbolicInteger.Of(a) * SymbolicInteger.Of(b)).ToDimension();

    /// <summary>The function of a fixed extent; unknown otherwise.</summary>
    public static Dimension Map(this Dimension d, Func<long, long> map) => d.IsFixed ? Math.Max(0, map(d.Value)) : Dimension.Unknown;

    public static Dimension Product(this IEnumerable<Dimension> dimensions) => dimensions.Aggregate((Dimension)1, Times);

    /// <summary>An extent that both must have; fails with a false result when they are different numbers.</summary>
    public static bool TryUnify(Dimension a, Dimension b, out Dimension unified)
    {
        unified = a.IsFixed ? a : b.IsFixed ? b : a.Symbol is not null ? a : b;
        return !a.IsFixed || !b.IsFixed || a == b;
    }

    /// <summary>What two shapes agree on: where they differ the extent, or the whole shape, is unknown.</summary>
    public static Shape? Common(Shape? a, Shape? b) => a is null || b is null || a.Rank != b.Rank ? null
        : new Shape(a.Zip(b, (x, y) => x == y ? x : Dimension.Unknown));

    public static Shape With(this Shape shape, int axis, Dimension extent) => new(shape.Select((d, i) => i == axis ? extent : d));

    /// <summary>A shape of unknown extents; null for a rank that no tensor has.</summary>
    public static Shape? UnknownOf(long rank) => rank is >= 0 and <= MaxRank ? new Shape(new Dimension[rank].AsSpan()) : null;
}
