using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>Operators on strings: StringConcat, StringSplit, RegexFullMatch, StringNormalizer, TfIdfVectorizer.</summary>
internal static class Text
{
    public static void InferSplit(InferenceContext c)
    {
        c.Set(0, ElementType.String, c.ShapeOf(0) is { } x ? new Shape([.. x, Dimension.Unknown]) : null);
        c.Set(1, ElementType.Int64, c.ShapeOf(0));
    }

    public static void InferNormalizer(InferenceContext c) =>
        c.Set(0, ElementType.String, c.ShapeOf(0) is { Rank: >= 1 } x ? x.With(x.Rank - 1, Dimension.Unknown) : null);

    public static void InferTfIdf(InferenceContext c)
    {
        var width = c.Attributes.Ints("ngram_indexes") is { Length: > 0 } indexes ? indexes.Max() + 1 : Dimension.Unknown;
        c.Set(0, ElementType.Float32, c.ShapeOf(0) is { Rank: >= 1 } x ? x.With(x.Rank - 1, width) : null);
    }
}
